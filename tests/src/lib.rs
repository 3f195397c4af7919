//! What the top-level tests stand on: the four services in this process or as
//! the real binary, calls as raw bytes, whole feeds, and a small city to work
//! in. It asserts nothing about any one behaviour.

pub mod city;
pub mod feed;
pub mod process;
pub mod raw;
pub mod site;
pub mod world;

pub use city::City;
pub use process::{DataDir, Wangge};
pub use site::{Service, Site};
pub use world::World;

/// Asks again and again until there is an answer. It waits for as long as a
/// crowded machine may need, since no time is measured here.
///
/// # Panics
/// When there is none after five minutes.
pub async fn until<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    for _ in 0..6000 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it never came to pass");
}

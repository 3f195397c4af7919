//! Rust code for the contracts in `proto/`: messages, clients, servers with a
//! validating codec, validators, the policy table and the conversion of refusals to
//! gRPC statuses. It contains no service's behaviour.

pub mod call;
pub mod codec;
pub mod date;
pub mod policy;
pub mod refusal;
pub mod rules;
mod validators;

/// The encoded descriptors of all contracts, with comments and options, for gRPC
/// reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

macro_rules! contract {
    ($doc:literal, $area:ident) => {
        #[doc = $doc]
        #[allow(missing_docs, unreachable_pub, clippy::all)]
        pub mod $area {
            #[doc = $doc]
            pub mod v1 {
                include!(concat!(
                    env!("OUT_DIR"),
                    "/wangge.",
                    stringify!($area),
                    ".v1.rs"
                ));
            }
        }
    };
    ($doc:literal, $area:ident, served) => {
        #[doc = $doc]
        #[allow(missing_docs, unreachable_pub, clippy::all)]
        pub mod $area {
            #[doc = $doc]
            pub mod v1 {
                include!(concat!(
                    env!("OUT_DIR"),
                    "/wangge.",
                    stringify!($area),
                    ".v1.rs"
                ));
                /// Server traits and routers, whose requests are validated before a
                /// handler is called.
                pub mod server {
                    include!(concat!(
                        env!("OUT_DIR"),
                        "/servers/wangge.",
                        stringify!($area),
                        ".v1.rs"
                    ));
                }
            }
        }
    };
}

contract!("Reasons for refusals.", errors);
contract!("Events and the feed.", events, served);
contract!("Options of methods and fields.", options);
contract!("Areas, units, people.", organization, served);
contract!("Figures.", reporting, served);
contract!("Tickets and dispatch orders.", tickets, served);
contract!("Shapes that all contracts share.", types);
contract!("Officials' registrations and visits.", volunteers, served);

//! Client-side load balancing over the replicas of a service. Its name is resolved
//! periodically and each address is health-checked, so that a replica that is gone
//! receives no more calls and a new one soon receives its share. It never makes a
//! caller wait: with no replica ready, calls fail at once.

use std::{
    collections::{HashMap, HashSet},
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, join_all},
};
use http::Uri;
use tokio::sync::mpsc::{Sender, error::SendError};
use tonic::transport::{Channel, Endpoint, channel::Change};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::settings;

/// Interval of name resolution and health checks.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Timeout of a name resolution or a health check.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// Interval of keepalive pings to a replica, and the timeout for their
/// acknowledgement: calls that hang with a replica fail within 5 s and can be
/// retried on another. Connections that have no alternative use more relaxed
/// values, since closing them early would only abort slow calls.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3));
/// Capacity of the queue of changes to the balancer.
const CHANGES: usize = 64;

/// Creates a channel that balances over all addresses of the endpoint's name. Must
/// be called within a tokio runtime.
pub(crate) fn balanced(endpoint: Endpoint) -> Channel {
    let uri = endpoint.uri().clone();
    let Some((host, port)) = name(&uri) else {
        return endpoint.connect_lazy();
    };
    let resolve = move || {
        let host = host.clone();
        async move {
            let addresses = tokio::net::lookup_host((host, port)).await?;
            Ok(addresses.collect())
        }
        .boxed()
    };
    spread(endpoint, Box::new(resolve))
}

/// Resolves a name to its current addresses.
type Resolve = Box<dyn Fn() -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Creates a channel that balances over the addresses returned by `resolve`.
fn spread(endpoint: Endpoint, resolve: Resolve) -> Channel {
    let (channel, changes) = Channel::balance_channel(CHANGES);
    let replicas = Replicas {
        endpoint,
        resolve,
        asked: HashMap::new(),
        used: HashSet::new(),
    };
    tokio::spawn(replicas.watch(changes));
    channel
}

/// Returns the host name to be resolved and its port; `None` for an IP address.
fn name(uri: &Uri) -> Option<(String, u16)> {
    let host = uri.host()?;
    let plain = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let port = uri.port_u16().unwrap_or(match uri.scheme_str() {
        Some("https") => 443,
        _ => 80,
    });
    (!plain).then(|| (host.to_owned(), port))
}

/// A key of the balancer: the URL itself until its name has been resolved,
/// addresses after that.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Replica {
    /// The name, resolved by the connector on each connect.
    Name,
    /// One of its addresses.
    At(SocketAddr),
}

/// The known replicas of one service.
struct Replicas {
    endpoint: Endpoint,
    resolve: Resolve,
    /// Connections used for health checks.
    asked: HashMap<SocketAddr, HealthClient<Channel>>,
    /// The replicas that the balancer has.
    used: HashSet<Replica>,
}

impl Replicas {
    /// Resolves and checks periodically until the channel is dropped.
    async fn watch(mut self, changes: Sender<Change<Replica, Endpoint>>) {
        // The name is used until the first resolution, so that first calls needn't
        // wait for it.
        let name = HashSet::from([Replica::Name]);
        if self.turn_to(name, &changes).await.is_err() {
            return;
        }
        loop {
            let wanted = self.wanted().await;
            if self.turn_to(wanted, &changes).await.is_err() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                () = changes.closed() => return,
            }
        }
    }

    /// Returns the replicas that calls should go to: the addresses that are ready;
    /// if none is, all of them; without any address, the name, so that calls fail
    /// at once with the reason.
    async fn wanted(&mut self) -> HashSet<Replica> {
        let resolved = tokio::time::timeout(PROBE_TIMEOUT, (self.resolve)()).await;
        let known: HashSet<SocketAddr> = match resolved {
            Ok(Ok(known)) => known.into_iter().collect(),
            // The resolver may be down for a moment: the known addresses are kept.
            _ => self.asked.keys().copied().collect(),
        };
        // Drops connections to addresses that are no longer listed; the others are
        // reused.
        self.asked.retain(|address, _| known.contains(address));
        for address in &known {
            if !self.asked.contains_key(address) {
                let channel = self.endpoint_at(*address).connect_lazy();
                self.asked.insert(*address, HealthClient::new(channel));
            }
        }
        let asked = self
            .asked
            .iter()
            .map(|(address, client)| (*address, client.clone()));
        // Concurrently, so that one hanging replica delays the round by one timeout
        // at most.
        let answers =
            join_all(asked.map(async |(address, client)| {
                is_ready(client).await.then_some(Replica::At(address))
            }));
        let ready: HashSet<Replica> = answers.await.into_iter().flatten().collect();
        match (ready.is_empty(), known.is_empty()) {
            (false, _) => ready,
            (true, false) => known.into_iter().map(Replica::At).collect(),
            (true, true) => HashSet::from([Replica::Name]),
        }
    }

    /// Sends the differences to the balancer.
    async fn turn_to(
        &mut self,
        wanted: HashSet<Replica>,
        changes: &Sender<Change<Replica, Endpoint>>,
    ) -> Result<(), SendError<Change<Replica, Endpoint>>> {
        // Inserts before removals: a balancer without any endpoint would make
        // callers wait.
        for replica in wanted.difference(&self.used) {
            let endpoint = match replica {
                Replica::Name => self.endpoint.clone(),
                Replica::At(address) => self.endpoint_at(*address),
            };
            changes
                .send(Change::Insert(replica.clone(), endpoint))
                .await?;
        }
        for replica in self.used.difference(&wanted) {
            changes.send(Change::Remove(replica.clone())).await?;
        }
        if wanted != self.used {
            tracing::debug!(
                name = %self.endpoint.uri(),
                replicas = wanted.len(),
                "replicas have changed"
            );
        }
        self.used = wanted;
        Ok(())
    }

    /// Returns the endpoint of one address. Requests keep the name as their
    /// authority.
    fn endpoint_at(&self, address: SocketAddr) -> Endpoint {
        let uri = self.endpoint.uri();
        let scheme = uri.scheme_str().unwrap_or("http");
        match Endpoint::from_shared(format!("{scheme}://{address}")) {
            Ok(endpoint) => settings(endpoint)
                .http2_keep_alive_interval(KEEPALIVE.0)
                .keep_alive_timeout(KEEPALIVE.1)
                .origin(uri.clone()),
            // Can't fail: an address is a valid authority.
            Err(_) => self.endpoint.clone(),
        }
    }
}

async fn is_ready(mut client: HealthClient<Channel>) -> bool {
    let asked = client.check(HealthCheckRequest::default());
    match tokio::time::timeout(PROBE_TIMEOUT, asked).await {
        Ok(Ok(answer)) => answer.get_ref().status() == ServingStatus::Serving,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn only_names_are_resolved() {
        let name = |uri: &str| name(&uri.parse().expect("a URI"));
        assert_eq!(name("http://tickets:7402"), Some(("tickets".into(), 7402)));
        assert_eq!(name("https://tickets"), Some(("tickets".into(), 443)));
        assert_eq!(name("http://127.0.0.1:7402"), None);
        assert_eq!(name("http://[::1]:7402"), None);
    }

    /// Replicas of a service that only serves health checks. The health of the
    /// pseudo-service `who` distinguishes them: it is serving at the first one
    /// only.
    struct City {
        addresses: Arc<Mutex<Vec<SocketAddr>>>,
        channel: Channel,
    }

    impl City {
        fn start() -> Self {
            let addresses: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
            let known = addresses.clone();
            let resolve = move || {
                let known = known.lock().expect("no panic").clone();
                async move { Ok(known) }.boxed()
            };
            let endpoint = settings(Endpoint::from_static("http://replicas:7402"));
            let channel = spread(endpoint, Box::new(resolve));
            Self { addresses, channel }
        }

        /// Starts a replica that stops when its handle is dropped.
        async fn replica(&self, is_first: bool) -> (tonic_health::server::HealthReporter, Alive) {
            let (reporter, health) = tonic_health::server::health_reporter();
            let good = tonic_health::ServingStatus::Serving;
            let bad = tonic_health::ServingStatus::NotServing;
            let who = if is_first { good } else { bad };
            reporter.set_service_status("", good).await;
            reporter.set_service_status("who", who).await;
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
            let listener = listener.expect("a port");
            let address = listener.local_addr().expect("an address");
            self.addresses.lock().expect("no panic").push(address);
            let incoming = tonic::transport::server::TcpIncoming::from(listener);
            let server = tonic::transport::Server::builder().add_service(health);
            // A runtime of its own, so that its connections close with it.
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.spawn(server.serve_with_incoming(incoming));
            (reporter, Alive(Some(runtime)))
        }

        /// Returns how many calls were served by the first replica, by others, and
        /// not at all.
        async fn answers(&self) -> [usize; 3] {
            let mut counts = [0; 3];
            for _ in 0..60 {
                let request = HealthCheckRequest {
                    service: "who".into(),
                };
                let mut client = HealthClient::new(self.channel.clone());
                let asked = tokio::time::timeout(Duration::from_secs(5), client.check(request));
                let place = match asked.await {
                    Ok(Ok(answer)) if answer.get_ref().status == 1 => 0,
                    Ok(Ok(_)) => 1,
                    _ => 2,
                };
                counts[place] += 1;
            }
            counts
        }

        /// Waits until the calls are distributed as expected.
        async fn until(&self, is_so: impl Fn([usize; 3]) -> bool) {
            let begun = std::time::Instant::now();
            loop {
                let answers = self.answers().await;
                if is_so(answers) {
                    return;
                }
                assert!(begun.elapsed() < Duration::from_secs(300), "{answers:?}");
            }
        }
    }

    struct Alive(Option<tokio::runtime::Runtime>);

    impl Drop for Alive {
        fn drop(&mut self) {
            if let Some(runtime) = self.0.take() {
                runtime.shutdown_background();
            }
        }
    }

    #[tokio::test]
    async fn replicas_share_the_calls_and_come_and_go() {
        let city = City::start();
        assert_eq!(
            city.answers().await[2],
            60,
            "nobody is there, and that is said"
        );
        let (first_health, first) = city.replica(true).await;
        city.until(|[first, others, none]| first == 60 && others + none == 0)
            .await;
        // A new replica gets its share.
        let (_health, _second) = city.replica(false).await;
        city.until(|[first, others, none]| first > 15 && others > 15 && none == 0)
            .await;
        // A replica that isn't ready gets no calls until it is ready again.
        let not = tonic_health::ServingStatus::NotServing;
        first_health.set_service_status("", not).await;
        city.until(|answers| answers == [0, 60, 0]).await;
        let ready = tonic_health::ServingStatus::Serving;
        first_health.set_service_status("", ready).await;
        city.until(|[first, others, none]| first > 15 && others > 15 && none == 0)
            .await;
        // A replica that is gone, although its name still resolves to it.
        drop(first);
        city.until(|answers| answers == [0, 60, 0]).await;
    }
}

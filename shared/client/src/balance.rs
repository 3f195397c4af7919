//! Calls spread over all replicas of a service. Its name is resolved again and
//! again, and each address is asked whether it is ready, so that a replica that
//! has gone gets no more calls and a new one soon gets its share. It refuses to
//! leave a caller waiting: with no replica ready, calls fail at once.

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

/// How often addresses are looked up and asked.
const LOOK: Duration = Duration::from_secs(2);
/// How long an address may take to say that it is ready.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a silent replica is asked whether it lives, and how long it may take
/// to say so: calls that hang with it are tried elsewhere within 5 s. Where there
/// is nowhere else to go, haste would only break calls off that are slow.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3));
/// Changes that wait for the balancer.
const CHANGES: usize = 64;

/// A channel to every address of the endpoint's name. Call it within a runtime.
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

/// Says which addresses a name has now.
type Resolve = Box<dyn Fn() -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// A channel to every address that a name leads to now, whoever resolves it.
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

/// The name to be resolved, with its port; none for a plain address.
fn name(uri: &Uri) -> Option<(String, u16)> {
    let host = uri.host()?;
    let plain = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let port = uri.port_u16().unwrap_or(match uri.scheme_str() {
        Some("https") => 443,
        _ => 80,
    });
    (!plain).then(|| (host.to_owned(), port))
}

/// What the balancer is told of: the URL itself until its name is known, then
/// addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Replica {
    /// Whatever the name leads to when a call is made.
    Name,
    /// One address of it.
    At(SocketAddr),
}

/// The replicas of one service, as they are known here.
struct Replicas {
    endpoint: Endpoint,
    resolve: Resolve,
    /// Connections by which addresses are asked.
    asked: HashMap<SocketAddr, HealthClient<Channel>>,
    /// What the balancer has.
    used: HashSet<Replica>,
}

impl Replicas {
    /// Looks until the channel is dropped.
    async fn watch(mut self, changes: Sender<Change<Replica, Endpoint>>) {
        // Until the first look, the name will do.
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
                () = tokio::time::sleep(LOOK) => {}
                () = changes.closed() => return,
            }
        }
    }

    /// What calls are to go to: the addresses that are ready; if none is, all of
    /// them, and with no address the name, so that callers learn at once.
    async fn wanted(&mut self) -> HashSet<Replica> {
        let resolved = tokio::time::timeout(PATIENCE, (self.resolve)()).await;
        let known: HashSet<SocketAddr> = match resolved {
            Ok(Ok(known)) => known.into_iter().collect(),
            // Who answers for names may be away for a moment.
            _ => self.asked.keys().copied().collect(),
        };
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

    /// Tells the balancer what has changed.
    async fn turn_to(
        &mut self,
        wanted: HashSet<Replica>,
        changes: &Sender<Change<Replica, Endpoint>>,
    ) -> Result<(), SendError<Change<Replica, Endpoint>>> {
        // What comes, comes first: there is always somebody to call.
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

    /// One address, which is still spoken to by the name.
    fn endpoint_at(&self, address: SocketAddr) -> Endpoint {
        let uri = self.endpoint.uri();
        let scheme = uri.scheme_str().unwrap_or("http");
        match Endpoint::from_shared(format!("{scheme}://{address}")) {
            Ok(endpoint) => settings(endpoint)
                .http2_keep_alive_interval(KEEPALIVE.0)
                .keep_alive_timeout(KEEPALIVE.1)
                .origin(uri.clone()),
            // An address makes a URI.
            Err(_) => self.endpoint.clone(),
        }
    }
}

async fn is_ready(mut client: HealthClient<Channel>) -> bool {
    let asked = client.check(HealthCheckRequest::default());
    match tokio::time::timeout(PATIENCE, asked).await {
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

    /// Replicas of a service that only tells its health. Which one has answered
    /// is told by the health of the service `who`: that of the first one is good.
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

        /// A replica that ends when its handle is dropped.
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
            // In a runtime of its own, so that its connections end with it.
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.spawn(server.serve_with_incoming(incoming));
            (reporter, Alive(Some(runtime)))
        }

        /// Who answers some calls: the first one, the others, nobody.
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

        /// Waits until those answer that are meant to.
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
        // A new one gets its share.
        let (_health, _second) = city.replica(false).await;
        city.until(|[first, others, none]| first > 15 && others > 15 && none == 0)
            .await;
        // One that is not ready gets no more calls, and again once it is.
        let not = tonic_health::ServingStatus::NotServing;
        first_health.set_service_status("", not).await;
        city.until(|answers| answers == [0, 60, 0]).await;
        let ready = tonic_health::ServingStatus::Serving;
        first_health.set_service_status("", ready).await;
        city.until(|[first, others, none]| first > 15 && others > 15 && none == 0)
            .await;
        // One that has gone, though its name still leads there.
        drop(first);
        city.until(|answers| answers == [0, 60, 0]).await;
    }
}

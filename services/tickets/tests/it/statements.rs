//! Number of statements per call, counted on the connection to PostgreSQL.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
};
use wangge_api::tickets::v1::ListTicketsRequest;
use wangge_pg::Database;
use wangge_tickets::MIGRATOR;

use crate::{Bench, LEAD, Verb, get};

/// Starts a proxy to PostgreSQL that counts statements.
async fn counting(url: &str) -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (path, parameters) = url.split_once('?').unwrap();
    let directory = parameters
        .split('&')
        .find_map(|pair| pair.strip_prefix("host="))
        .unwrap();
    let socket = format!("{}/.s.PGSQL.5432", directory.replace("%2F", "/"));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass_on(client, socket.clone(), counted.clone()));
        }
    });
    let database = path.rsplit_once('/').unwrap().1;
    (
        format!("postgres://wangge@127.0.0.1:{port}/{database}?sslmode=disable"),
        count,
    )
}

async fn pass_on(
    client: TcpStream,
    socket: String,
    count: Arc<AtomicUsize>,
) -> std::io::Result<()> {
    let server = UnixStream::connect(socket).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    // The startup message has no type byte before its length.
    let mut letter = None;
    loop {
        let length = from_client.read_u32().await?;
        let mut body = vec![
            0;
            usize::try_from(length)
                .unwrap_or_default()
                .saturating_sub(4)
        ];
        from_client.read_exact(&mut body).await?;
        // `Execute`, and `Query` of the simple protocol.
        if matches!(letter, Some(b'E' | b'Q')) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        if let Some(letter) = letter {
            to_server.write_u8(letter).await?;
        }
        to_server.write_u32(length).await?;
        to_server.write_all(&body).await?;
        letter = Some(from_client.read_u8().await?);
    }
}

#[tokio::test]
async fn a_call_takes_few_statements() {
    let direct = wangge_testkit::database(&MIGRATOR).await;
    let name: String = sqlx::query_scalar("select current_database()")
        .fetch_one(&direct.calls)
        .await
        .unwrap();
    let (url, count) = counting(&wangge_testkit::postgres_url(&name)).await;
    let counted = Database::open(&url, 1).unwrap();
    // Feed and background connections are not counted.
    let (feed, background) = (direct.feed, direct.background);
    let bench = Bench::start_on(
        Database {
            feed,
            background,
            ..counted
        },
        false,
    )
    .await;
    bench.furnish().await;
    let mut tickets = Vec::new();
    let create = fewest(&count, async |_| tickets.push(bench.reported().await)).await;
    let leader = &bench.leader;
    let read = fewest(&count, async |n| {
        get(&mut leader.clone(), &tickets[n].id).await.unwrap();
    });
    let read = read.await;
    let list = fewest(&count, async |_| {
        leader
            .clone()
            .list_tickets(ListTicketsRequest::default())
            .await
            .unwrap();
    });
    let list = list.await;
    let history = fewest(&count, async |n| drop(bench.history(&tickets[n].id).await)).await;
    let act = async |verb| {
        fewest(&count, async |n| {
            let order = tickets[n]
                .orders
                .first()
                .map(|order| order.id.clone())
                .unwrap_or_default();
            bench.act(&tickets[n].id, verb, &order, LEAD).await.unwrap();
        })
        .await
    };
    let (file, dispatch) = (act(Verb::File).await, act(Verb::Dispatch).await);
    assert!(create <= 2, "create: {create}");
    assert_eq!((read, list, history), (1, 1, 1));
    assert!(file <= 3 && dispatch <= 3, "{file}, {dispatch}");
}

/// Returns the minimum number of statements over several attempts: health checks run in
/// between.
async fn fewest(count: &AtomicUsize, mut call: impl AsyncFnMut(usize)) -> usize {
    let mut fewest = usize::MAX;
    for number in 0..6 {
        count.store(0, Ordering::SeqCst);
        call(number).await;
        // A released connection may be checked a little later.
        crate::a_while().await;
        fewest = fewest.min(count.load(Ordering::SeqCst));
    }
    fewest
}

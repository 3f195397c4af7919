//! A real browser, and the origin that its page comes from.

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::mpsc,
};
use wangge_tests::DataDir;

/// A server of one page, which sends what it has seen back to it.
pub(super) struct Origin {
    listener: TcpListener,
    /// The origin as browsers send it.
    pub(super) name: String,
}

impl Origin {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        Self {
            listener,
            name: format!("http://{address}"),
        }
    }

    /// Opens the page in a browser, and returns what it sends.
    pub(super) async fn seen(self, page: String) -> serde_json::Value {
        let (sender, mut receiver) = mpsc::channel(1);
        let url = format!("{}/", self.name);
        tokio::spawn(async move {
            while let Ok((stream, _)) = self.listener.accept().await {
                tokio::spawn(answer(stream, page.clone(), sender.clone()));
            }
        });
        let profile = DataDir::new();
        let mut browser = Command::new(wangge_testkit::browser())
            .args(["--headless=new", "--no-sandbox", "--disable-gpu"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(url)
            .kill_on_drop(true)
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("it starts");
        let seen = tokio::select! {
            seen = receiver.recv() => seen.expect("the page sends what it has seen"),
            ended = browser.wait() => panic!("the browser ended: {ended:?}"),
        };
        browser.kill().await.expect("it can be killed");
        serde_json::from_slice(&seen).expect("JSON")
    }
}

/// Answers the requests of one connection: the page, and `POST /seen`.
async fn answer(mut stream: TcpStream, page: String, seen: mpsc::Sender<Vec<u8>>) -> Option<()> {
    let (read, mut write) = stream.split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = String::new();
        read.read_line(&mut line)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        let (asks_page, tells) = (line.starts_with("GET / "), line.starts_with("POST /seen "));
        let mut length = 0;
        while line.trim() != "" {
            line.clear();
            read.read_line(&mut line)
                .await
                .ok()
                .filter(|read| *read > 0)?;
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        read.read_exact(&mut body).await.ok()?;
        if tells {
            seen.send(body).await.ok()?;
        }
        let (status, body) = if asks_page {
            ("200 OK", page.as_str())
        } else {
            ("404 Not Found", "")
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        write.write_all(head.as_bytes()).await.ok()?;
        write.write_all(body.as_bytes()).await.ok()?;
    }
}

//! A backend that does exactly what a test tells it to, byte by byte; and configurations that put it behind one API.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::harness::{Folder, PATIENCE};

/// As much of a body as is kept to look at.
const KEPT: usize = 64 * 1024;

/// A request as the backend got it.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub headers: Vec<(String, String)>,
    /// Its first bytes.
    pub body: Vec<u8>,
    /// How many bytes there were.
    pub length: usize,
}

impl Seen {
    /// The values of a header, joined.
    pub fn header(&self, name: &str) -> String {
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        values.join(", ")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A byte stream of either kind.
pub trait Wire: Read + Write {}

impl<T: Read + Write> Wire for T {}

type Script = dyn Fn(&Seen, &mut dyn Write) -> std::io::Result<()> + Send + Sync;
type Wrap = dyn Fn(TcpStream) -> std::io::Result<Box<dyn Wire>> + Send + Sync;

/// A listening backend. Each connection carries one request and is closed behind its answer.
pub struct Backend {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Backend {
    /// `script` writes the answer.
    pub fn start(
        script: impl Fn(&Seen, &mut dyn Write) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::wrapped(|stream| Ok(Box::new(stream) as Box<dyn Wire>), script)
    }

    /// The same over whatever `wrap` makes of a connection.
    pub fn wrapped(
        wrap: impl Fn(TcpStream) -> std::io::Result<Box<dyn Wire>> + Send + Sync + 'static,
        script: impl Fn(&Seen, &mut dyn Write) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, wrap, script): (_, Arc<Wrap>, Arc<Script>) =
            (seen.clone(), Arc::new(wrap), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (log, wrap, script) = (log.clone(), wrap.clone(), script.clone());
                std::thread::spawn(move || {
                    // Tests look at what the gateway makes of a broken connection, not the backend.
                    let _ = serve(stream, &log, &*wrap, &*script);
                });
            }
        });
        Self { address, seen }
    }

    /// Answers every request alike.
    pub fn answering(answer: &'static str) -> Self {
        Self::start(move |_, out| out.write_all(answer.as_bytes()))
    }

    /// Answers with the request it got: request line, headers, body.
    pub fn echo() -> Self {
        Self::start(|seen, out| {
            let mut text = format!("{} {}\n", seen.method, seen.target);
            for (name, value) in &seen.headers {
                text.push_str(&format!("{name}: {value}\n"));
            }
            text.push_str(&format!("\n{}", seen.text()));
            write!(
                out,
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
                text.len()
            )
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests whose body came whole.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no script panics").clone()
    }
}

fn serve(
    stream: TcpStream,
    log: &Mutex<Vec<Seen>>,
    wrap: &Wrap,
    script: &Script,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let raw = stream.try_clone()?;
    let mut stream = BufReader::new(wrap(stream)?);
    let seen = read(&mut stream)?;
    log.lock().expect("no script panics").push(seen.clone());
    let wire = stream.get_mut();
    let done = script(&seen, wire).and_then(|()| wire.flush());
    let _ = raw.shutdown(Shutdown::Write);
    // Closing with unread bytes would reset the connection and take the answer with it.
    let _ = std::io::copy(&mut &raw, &mut std::io::sink());
    done
}

fn read(stream: &mut impl BufRead) -> std::io::Result<Seen> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let mut seen = Seen {
        method: words.next().unwrap_or("").to_owned(),
        target: words.next().unwrap_or("").to_owned(),
        ..Seen::default()
    };
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        seen.headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if seen.header("transfer-encoding").contains("chunked") {
        loop {
            line.clear();
            stream.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16)
                .map_err(|_| std::io::Error::from(std::io::ErrorKind::UnexpectedEof))?;
            take(stream, size, &mut seen)?;
            line.clear();
            stream.read_line(&mut line)?;
            if size == 0 {
                return Ok(seen);
            }
        }
    }
    let length = seen.header("content-length").parse().unwrap_or(0);
    take(stream, length, &mut seen)?;
    Ok(seen)
}

fn take(stream: &mut impl BufRead, mut size: usize, seen: &mut Seen) -> std::io::Result<()> {
    while size > 0 {
        let bytes = stream.fill_buf()?;
        if bytes.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let count = bytes.len().min(size);
        let keep = KEPT.saturating_sub(seen.body.len()).min(count);
        seen.body.extend_from_slice(&bytes[..keep]);
        seen.length += count;
        stream.consume(count);
        size -= count;
    }
    Ok(())
}

/// A policy document of these sections; one left empty holds only `<base />`.
pub fn policy(inbound: &str, backend: &str, outbound: &str, on_error: &str) -> String {
    let section = |name: &str, text: &str| match text {
        "" => format!("<{name}><base /></{name}>"),
        text => format!("<{name}>{text}</{name}>"),
    };
    format!(
        "<policies>{}{}{}{}</policies>",
        section("inbound", inbound),
        section("backend", backend),
        section("outbound", outbound),
        section("on-error", on_error)
    )
}

/// A configuration with one API, open to everybody, below `/t`. `more` is added to the file.
pub fn one_api(name: &str, url: &str, policy: &str, more: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("policy.xml", policy);
    folder.write(
        "tidegate.yaml",
        &format!(
            "apis:\n  test:\n    path: t\n    serviceUrl: {url}\n    specification: passthrough\n    \
             subscriptionRequired: false\n    policy: policy.xml\n{more}"
        ),
    );
    folder
}

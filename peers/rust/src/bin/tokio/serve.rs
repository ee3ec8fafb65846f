//! `fiveways-tokio --serve`: the web server of `workloads/c10k` as a task for each connection, for clients from outside.
//! Requests are parsed by httparse. Bodies need a Content-Length.

use std::cell::RefCell;
use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use fiveways_peers::arithmetic::mix;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

const GREETING: &[u8] = b"Hello, world!\n";
const IN: usize = 4096;

/// Seconds of the epoch as HTTP writes a date (days to a civil date after Hinnant).
fn http_date(now: u64) -> String {
    let (days, second) = ((now / 86400) as i64, now % 86400);
    let z = days + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(days % 7) as usize];
    let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][(month - 1) as usize];
    format!("{weekday}, {day:02} {name} {year} {:02}:{:02}:{:02} GMT", second / 3600, second / 60 % 60, second % 60)
}

thread_local!(static DATE: RefCell<(u64, String)> = RefCell::new((0, String::new())));

/// Appends a head; the date is made once a second and thread.
fn head(out: &mut Vec<u8>, status: &str, kind: &str, length: usize, close: bool) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs());
    DATE.with(|date| {
        let mut date = date.borrow_mut();
        if date.0 != now {
            *date = (now, http_date(now));
        }
        let end = if close { "Connection: close\r\n\r\n" } else { "\r\n" };
        let _ = write!(out, "HTTP/1.1 {status}\r\nDate: {}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{end}", date.1);
    });
}

fn text(out: &mut Vec<u8>, status: &str, body: &[u8], bodiless: bool, close: bool) {
    head(out, status, "text/plain", body.len(), close);
    if !bodiless {
        out.extend_from_slice(body);
    }
}

/// What a request's head asks for: bytes of the head, bytes of a body to echo or to skip, and whether to close.
struct Asked {
    head: usize,
    body: usize,
    echo: bool,
    close: bool,
}

/// Answers the request at the front of `input`, but for the body of an echo. None: it is not complete yet.
fn answer(input: &[u8], out: &mut Vec<u8>, seed: u64) -> Option<Asked> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let mut asked = Asked { head: input.len(), body: 0, echo: false, close: true };
    asked.head = match request.parse(input) {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) if input.len() < IN => return None,
        _ => {
            text(out, "400 Bad Request", b"Bad Request", false, true);
            return Some(asked);
        }
    };
    let (mut length, mut coded, mut close) = (None, false, request.version == Some(0));
    for header in request.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            length = std::str::from_utf8(header.value).ok().and_then(|v| v.trim().parse::<usize>().ok());
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            coded = true;
        } else if header.name.eq_ignore_ascii_case("connection") {
            close = header.value.eq_ignore_ascii_case(b"close") || (close && !header.value.eq_ignore_ascii_case(b"keep-alive"));
        }
    }
    if coded {
        text(out, "501 Not Implemented", b"Not Implemented", false, true);
        return Some(asked);
    }
    asked.close = close;
    asked.body = length.unwrap_or(0);
    let (method, path) = (request.method.unwrap_or(""), request.path.unwrap_or(""));
    let (get, bodiless) = (method == "GET" || method == "HEAD", method == "HEAD");
    match path {
        "/" if get => text(out, "200 OK", GREETING, bodiless, close),
        "/echo" if method == "POST" => {
            asked.echo = true;
            head(out, "200 OK", "application/octet-stream", asked.body, close);
        }
        "/" | "/echo" => text(out, "405 Method Not Allowed", b"Method Not Allowed", bodiless, close),
        _ => match path.strip_prefix("/n/").and_then(|id| id.parse::<u64>().ok()) {
            Some(id) if get => text(out, "200 OK", format!("{:016x}", mix(seed.wrapping_add(id))).as_bytes(), bodiless, close),
            _ => text(out, "404 Not Found", b"Not Found", bodiless, close),
        },
    }
    Some(asked)
}

async fn connection(mut stream: TcpStream, seed: u64) -> io::Result<()> {
    let mut input = [0; IN];
    let mut out = Vec::with_capacity(IN);
    let mut have = 0;
    loop {
        let got = stream.read(&mut input[have..]).await?;
        if got == 0 {
            return Ok(());
        }
        have += got;
        let mut at = 0;
        let mut close = false;
        while at < have && !close {
            let asked = match answer(&input[at..have], &mut out, seed) {
                Some(asked) => asked,
                None => break,
            };
            at += asked.head;
            close = asked.close;
            let mut left = asked.body;
            loop {
                let here = left.min(have - at);
                if asked.echo {
                    out.extend_from_slice(&input[at..at + here]);
                }
                at += here;
                left -= here;
                if left == 0 {
                    break;
                }
                stream.write_all(&out).await?;
                out.clear();
                at = 0;
                have = stream.read(&mut input).await?;
                if have == 0 {
                    return Ok(());
                }
            }
        }
        input.copy_within(at..have, 0);
        have -= at;
        stream.write_all(&out).await?;
        out.clear();
        if close {
            return Ok(());
        }
    }
}

fn wrong(what: &str) -> ! {
    eprintln!("fiveways-tokio --serve: {what}; expected [--port P] [--workers N]");
    std::process::exit(2)
}

/// Waits for SIGTERM or SIGINT, blocked in all threads, and ends the process.
fn end_at_signal() {
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGTERM);
        libc::sigaddset(&mut set, libc::SIGINT);
        libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        std::thread::spawn(move || {
            let mut signal = 0;
            libc::sigwait(&set, &mut signal);
            std::process::exit(0)
        });
    }
}

pub fn main(words: &[String]) {
    let (mut port, mut workers) = (0u16, 1usize);
    for pair in words.chunks(2) {
        match (pair[0].as_str(), pair.get(1)) {
            ("--port", Some(n)) => port = n.parse().unwrap_or_else(|_| wrong(&format!("--port {n}"))),
            ("--workers", Some(n)) => workers = n.parse().ok().filter(|n| *n > 0).unwrap_or_else(|| wrong(&format!("--workers {n}"))),
            (word, _) => wrong(word),
        }
    }
    end_at_signal();
    let mut builder = if workers == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    if workers > 1 {
        builder.worker_threads(workers);
    }
    let runtime = builder.enable_io().build().unwrap_or_else(|e| wrong(&e.to_string()));
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap_or_else(|e| wrong(&format!("port {port}: {e}")));
        let at = listener.local_addr().unwrap_or_else(|e| wrong(&e.to_string()));
        println!("listening on http://{at} ({workers} worker{})", if workers > 1 { "s" } else { "" });
        let _ = io::stdout().flush();
        let accept = async move {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(connection(stream, 1));
                }
            }
        };
        let _ = tokio::spawn(accept).await; // on a worker, not on this thread
    });
}

//! Envoy's admin interface, asked over plain HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};

/// An answer longer than this is not one that we asked for: a configuration with thousands of clusters has some ten MB.
const LONGEST_ANSWER: u64 = 512 << 20;
/// A line of the head or of a chunk's size is never longer.
const LONGEST_LINE: u64 = 16 << 10;
const PATIENCE: Duration = Duration::from_secs(30);

/// Where an Envoy's admin interface listens.
pub struct Admin {
    authority: String,
}

// === impl Admin ===

impl Admin {
    /// Takes `http://host:port` or `host:port`.
    pub fn at(url: &str) -> anyhow::Result<Self> {
        let authority = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/');
        if url.starts_with("https://") || authority.contains('/') || !authority.contains(':') {
            bail!("`{url}` is no address of an admin interface: write it like `http://127.0.0.1:9901`");
        }
        Ok(Self { authority: authority.to_owned() })
    }

    /// The body of what is found under a path.
    pub fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.ask(path).with_context(|| format!("cannot get `http://{}{path}`", self.authority))
    }

    fn ask(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let address = self.authority.to_socket_addrs()?.next().ok_or_else(|| anyhow!("the name has no address"))?;
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.authority)?;
        read_answer(BufReader::new(stream))
    }
}

fn read_answer(mut stream: impl BufRead) -> anyhow::Result<Vec<u8>> {
    let status = line(&mut stream)?;
    if status.split(' ').nth(1) != Some("200") {
        bail!("the answer is `{status}`");
    }
    let mut chunked = false;
    loop {
        let header = line(&mut stream)?.to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
    }
    let mut body = Vec::new();
    if chunked {
        read_chunks(&mut stream, &mut body)?;
    } else {
        stream.take(LONGEST_ANSWER).read_to_end(&mut body)?;
    }
    Ok(body)
}

fn read_chunks(stream: &mut impl BufRead, body: &mut Vec<u8>) -> anyhow::Result<()> {
    loop {
        let head = line(stream)?;
        let size = head.split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size, 16).with_context(|| format!("`{head}` is no size of a chunk"))?;
        if size == 0 {
            return Ok(());
        }
        if body.len() as u64 + size > LONGEST_ANSWER {
            bail!("the answer is longer than {LONGEST_ANSWER} bytes");
        }
        let before = body.len() as u64;
        stream.take(size).read_to_end(body)?;
        if body.len() as u64 - before < size {
            bail!("the answer ends too early");
        }
        line(stream)?;
    }
}

fn line(stream: &mut impl BufRead) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    stream.take(LONGEST_LINE).read_until(b'\n', &mut bytes)?;
    if bytes.pop() != Some(b'\n') {
        bail!("the answer ends too early, or is not HTTP");
    }
    Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\r').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: &str) -> Result<String, String> {
        read_answer(answer.as_bytes()).map(|body| String::from_utf8(body).unwrap()).map_err(|reason| reason.to_string())
    }

    #[test]
    fn a_body_comes_whole_or_in_chunks() {
        assert_eq!(read("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"), Ok("{}".into()));
        assert_eq!(
            read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{ \r\n1\r\n}\r\n0\r\n\r\n"),
            Ok("{ }".into())
        );
    }

    #[test]
    fn what_is_no_answer_is_told() {
        let cases = [
            ("HTTP/1.1 404 Not Found\r\n\r\n", "the answer is `HTTP/1.1 404 Not Found`"),
            ("\u{15}\u{3}", "the answer ends too early, or is not HTTP"),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab", "the answer ends too early"),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "`zz` is no size of a chunk"),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffff\r\n",
                "the answer is longer than 536870912 bytes",
            ),
        ];
        for (answer, reason) in cases {
            assert_eq!(read(answer), Err(reason.into()));
        }
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        assert_eq!(Admin::at("http://127.0.0.1:9901/").unwrap().authority, "127.0.0.1:9901");
        assert_eq!(Admin::at("localhost:9901").unwrap().authority, "localhost:9901");
        for url in ["https://x:1", "http://x", "http://x:1/stats", ""] {
            assert!(Admin::at(url).is_err(), "{url}");
        }
    }
}

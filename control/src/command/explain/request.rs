//! A request as people keep it in a file: a body alone, or a whole HTTP/1 request.

use anyhow::{Context as _, bail};
use policy::case::Sent;

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const USUAL_PATH: &str = "/v1/chat/completions";

/// Reads a file, and lays a path and headers `NAME:VALUE` over what is in it.
pub fn read(file: &[u8], path: Option<&str>, headers: &[String]) -> anyhow::Result<Sent> {
    let mut request = if is_whole(file) { whole(file)? } else { body_alone(file) };
    if let Some(path) = path {
        request.path = path.to_owned();
    }
    for header in headers {
        let (name, value) =
            header.split_once(':').with_context(|| format!("`{header}` is no header: write it as NAME:VALUE"))?;
        set(&mut request, &name.trim().to_ascii_lowercase(), value.trim());
    }
    Ok(request)
}

fn body_alone(body: &[u8]) -> Sent {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    request("POST", USUAL_PATH, headers, body)
}

fn whole(file: &[u8]) -> anyhow::Result<Sent> {
    let (head, body) = split_head(file);
    let head = std::str::from_utf8(head).context("the request's headers are not valid UTF-8")?;
    let mut lines = head.lines();
    let mut line = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(path)) = (line.next(), line.next()) else { bail!("the request has no path") };
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').with_context(|| format!("`{line}` is no header"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    // The file's own line ends may not be those that were counted.
    headers.retain(|(name, _)| name != "content-length");
    Ok(request(method, path, headers, body))
}

fn request(method: &str, path: &str, headers: Vec<(String, String)>, body: &[u8]) -> Sent {
    let chunks = if body.is_empty() { Vec::new() } else { vec![body.to_vec()] };
    Sent { method: method.to_owned(), path: path.to_owned(), headers, chunks, trailers: Vec::new() }
}

fn set(request: &mut Sent, name: &str, value: &str) {
    request.headers.retain(|(known, _)| known != name);
    request.headers.push((name.to_owned(), value.to_owned()));
}

/// Whether a file begins with a request line.
fn is_whole(file: &[u8]) -> bool {
    METHODS.iter().any(|method| file.strip_prefix(method.as_bytes()).is_some_and(|rest| rest.starts_with(b" /")))
}

/// The head without its empty line, and the body.
fn split_head(file: &[u8]) -> (&[u8], &[u8]) {
    let ends: [&[u8]; 2] = [b"\r\n\r\n", b"\n\n"];
    let found =
        ends.iter().filter_map(|end| Some((file.windows(end.len()).position(|bytes| bytes == *end)?, end.len())));
    match found.min() {
        Some((at, length)) => (file.get(..at).unwrap_or_default(), file.get(at + length..).unwrap_or_default()),
        None => (file, b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Method and path, the headers, and the body.
    fn read(file: &str, path: Option<&str>, headers: &[&str]) -> (String, Vec<(String, String)>, String) {
        let headers: Vec<String> = headers.iter().map(ToString::to_string).collect();
        let Sent { method, path, headers, chunks, .. } = super::read(file.as_bytes(), path, &headers).unwrap();
        (format!("{method} {path}"), headers, String::from_utf8(chunks.concat()).unwrap())
    }

    fn pairs(headers: &[(&str, &str)]) -> Vec<(String, String)> {
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_body_alone_is_a_chat_unless_said_otherwise() {
        let (line, headers, body) = read("{}", None, &[]);
        assert_eq!((line.as_str(), body.as_str()), ("POST /v1/chat/completions", "{}"));
        assert_eq!(headers, pairs(&[("content-type", "application/json")]));
        let (line, headers, _) = read("{}", Some("/v1/messages"), &["X-Client-Id: bob", "content-type:text/plain"]);
        assert_eq!(line, "POST /v1/messages");
        assert_eq!(headers, pairs(&[("x-client-id", "bob"), ("content-type", "text/plain")]));
    }

    #[test]
    fn a_whole_request_has_its_own_path_and_headers() {
        for end in ["\r\n", "\n"] {
            let file = ["POST /v1/messages HTTP/1.1", "Host: x", "Content-Length: 99", "", "{\"a\":1}"].join(end);
            let (line, headers, body) = read(&file, None, &[]);
            assert_eq!((line.as_str(), body.as_str()), ("POST /v1/messages", "{\"a\":1}"));
            assert_eq!(headers, pairs(&[("host", "x")]));
        }
        let (line, headers, body) = read("GET /v1/models HTTP/1.1", None, &[]);
        assert_eq!((line.as_str(), headers.len(), body.as_str()), ("GET /v1/models", 0, ""));
    }

    #[test]
    fn what_is_no_header_is_told() {
        let wrong = |file: &str, header: &str| {
            super::read(file.as_bytes(), None, &[header.to_owned()]).unwrap_err().to_string()
        };
        assert_eq!(wrong("{}", "bob"), "`bob` is no header: write it as NAME:VALUE");
        assert_eq!(wrong("POST /x HTTP/1.1\nbob\n\n{}", "a:b"), "`bob` is no header");
    }
}

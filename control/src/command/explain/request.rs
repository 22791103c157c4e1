//! A request as people keep it in a file: a body alone, or a whole HTTP/1 request.

use anyhow::{Context as _, bail};
use policy::exchange::Header;

/// A request as the filter gets it.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// Its headers, method and path among them.
    pub headers: Vec<Header>,
    /// Its body.
    pub body: Vec<u8>,
}

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const USUAL_PATH: &str = "/v1/chat/completions";

// === impl Request ===

impl Request {
    /// Reads a file, and lays a path and headers `NAME:VALUE` over what is in it.
    pub fn read(file: &[u8], path: Option<&str>, headers: &[String]) -> anyhow::Result<Self> {
        let mut request = if is_whole(file) { Self::whole(file)? } else { Self::of_body(file) };
        if let Some(path) = path {
            request.set(":path", path);
        }
        for header in headers {
            let (name, value) =
                header.split_once(':').with_context(|| format!("`{header}` is no header: write it as NAME:VALUE"))?;
            request.set(&name.trim().to_ascii_lowercase(), value.trim());
        }
        Ok(request)
    }

    fn of_body(body: &[u8]) -> Self {
        let mut request = Self { headers: Vec::new(), body: body.to_vec() };
        request.set(":method", "POST");
        request.set(":path", USUAL_PATH);
        request.set("content-type", "application/json");
        request
    }

    fn whole(file: &[u8]) -> anyhow::Result<Self> {
        let (head, body) = split_head(file);
        let head = std::str::from_utf8(head).context("the request's headers are not valid UTF-8")?;
        let mut lines = head.lines();
        let mut line = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(path)) = (line.next(), line.next()) else { bail!("the request has no path") };
        let mut request = Self { headers: Vec::new(), body: body.to_vec() };
        request.set(":method", method);
        request.set(":path", path);
        for line in lines {
            let (name, value) = line.split_once(':').with_context(|| format!("`{line}` is no header"))?;
            request.headers.push((name.to_ascii_lowercase(), value.trim().into()));
        }
        // The file's own line ends may not be those that were counted.
        request.headers.retain(|(name, _)| name != "content-length");
        Ok(request)
    }

    fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.into()));
    }
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

    fn read(file: &str, path: Option<&str>, headers: &[&str]) -> (Vec<(String, String)>, String) {
        let headers: Vec<String> = headers.iter().map(ToString::to_string).collect();
        let request = Request::read(file.as_bytes(), path, &headers).unwrap();
        let text = |(name, value): (String, Vec<u8>)| (name, String::from_utf8(value).unwrap());
        (request.headers.into_iter().map(text).collect(), String::from_utf8(request.body).unwrap())
    }

    fn pairs(headers: &[(&str, &str)]) -> Vec<(String, String)> {
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_body_alone_is_a_chat_unless_said_otherwise() {
        let (headers, body) = read("{}", None, &[]);
        assert_eq!(
            headers,
            pairs(&[(":method", "POST"), (":path", "/v1/chat/completions"), ("content-type", "application/json")])
        );
        assert_eq!(body, "{}");
        let (headers, _) = read("{}", Some("/v1/messages"), &["X-Client-Id: bob", "content-type:text/plain"]);
        let expected =
            [(":method", "POST"), (":path", "/v1/messages"), ("x-client-id", "bob"), ("content-type", "text/plain")];
        assert_eq!(headers, pairs(&expected));
    }

    #[test]
    fn a_whole_request_has_its_own_path_and_headers() {
        for end in ["\r\n", "\n"] {
            let file = ["POST /v1/messages HTTP/1.1", "Host: x", "Content-Length: 99", "", "{\"a\":1}"].join(end);
            let (headers, body) = read(&file, None, &[]);
            assert_eq!(headers, pairs(&[(":method", "POST"), (":path", "/v1/messages"), ("host", "x")]));
            assert_eq!(body, "{\"a\":1}");
        }
        let (headers, body) = read("GET /v1/models HTTP/1.1", None, &[]);
        assert_eq!((headers.len(), body.as_str()), (2, ""));
    }

    #[test]
    fn what_is_no_header_is_told() {
        let wrong = |file: &str, header: &str| {
            Request::read(file.as_bytes(), None, &[header.to_owned()]).unwrap_err().to_string()
        };
        assert_eq!(wrong("{}", "bob"), "`bob` is no header: write it as NAME:VALUE");
        assert_eq!(wrong("POST /x HTTP/1.1\nbob\n\n{}", "a:b"), "`bob` is no header");
    }
}

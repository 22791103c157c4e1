//! `make up` as its user sees it: what it says will happen happens.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use tests::client::{Request, Response};
use tests::place;
use tests::waiting::eventually;

/// A running `make up`, but for the building.
struct Up {
    process: Child,
    output: BufReader<ChildStdout>,
    told: Vec<String>,
}

// === impl Up ===

impl Up {
    /// Starts it, and reads what it says until it has said all.
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_up"));
        for variable in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "POLICYMESH_SERVER", "POLICYMESH_TOKEN"] {
            command.env_remove(variable);
        }
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut up = Self { process, output, told: Vec::new() };
        while !up.told.iter().any(|line| line.contains("Ctrl-C stops everything")) {
            let mut line = String::new();
            let read = up.output.read_line(&mut line).unwrap();
            assert!(read > 0, "it ends too early: {:#?}", up.told);
            up.told.push(line.trim_end().to_owned());
        }
        up
    }

    /// The commands to try, each with what it is to show.
    fn examples(&self) -> Vec<(&str, &str)> {
        let indented = |line: &'_ str, by: usize| line.len() - line.trim_start().len() == by;
        let begins = self.told.iter().position(|line| line == "Try:").expect("there is something to try");
        let pairs = self.told[begins..].windows(2);
        pairs
            .filter(|pair| indented(&pair[0], 2) && indented(&pair[1], 4))
            .map(|pair| (pair[0].trim(), pair[1].trim()))
            .collect()
    }

    fn interrupt(mut self) {
        let told = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status().unwrap();
        assert!(told.success());
        let mut last = String::new();
        self.output.read_to_string(&mut last).unwrap();
        assert_eq!(last.trim(), "stopped");
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // Whatever it started ends with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends what a `curl` would.
fn send(curl: &str) -> Response {
    let (url, body) = curl.strip_prefix("curl -i http://").and_then(|rest| rest.split_once(" -d '")).expect(curl);
    let (address, path) = url.split_once('/').expect(curl);
    let request = Request::post(&format!("/{path}"), body.trim_end_matches('\'').to_owned());
    request.send(address.parse::<SocketAddr>().unwrap()).unwrap()
}

/// Whether an answer is what the guide says: the status, and whose stand-in it comes from.
fn check(response: &Response, shows: &str) {
    let (status, rest) = shows.split_once(' ').unwrap();
    let text = response.text();
    assert_eq!(response.status.to_string(), status, "{shows}: {text}");
    if let Some(provider) = rest.strip_prefix("from the stand-in for ").and_then(|rest| rest.split([':', ',']).next()) {
        assert!(text.to_ascii_lowercase().contains(&format!("stand-in for {provider}")), "{shows}: {text}");
    }
}

/// Runs a command as a user would, and says whether it went well.
fn run(command: &str) -> bool {
    let output = Command::new("sh").current_dir(place::repository()).args(["-c", command]).output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    println!("{command}\n{}", String::from_utf8_lossy(&told));
    assert!(!told.is_empty(), "{command} says nothing");
    output.status.success()
}

#[test]
fn every_command_to_try_shows_what_it_is_said_to_show() {
    let up = Up::start();
    let examples = up.examples();
    assert!(examples.len() >= 10, "{examples:#?}");
    let (requests, commands): (Vec<_>, Vec<_>) = examples.iter().partition(|(command, _)| command.starts_with("curl "));
    for (curl, shows) in &requests {
        check(&send(curl), shows);
    }
    for (command, shows) in commands {
        // Records come to the service a moment after the answer.
        let as_said = || Some(()).filter(|()| run(command) != shows.starts_with("refused"));
        assert!(eventually(as_said).is_some(), "{command} does not do what it is said to do");
        if shows.contains("version 2 is in force") {
            let stays = || Some(()).filter(|()| send(requests[0].0).text().contains("stand-in for Ollama"));
            assert!(eventually(stays).is_some(), "the new policy never decides");
        }
    }
    up.interrupt();
}

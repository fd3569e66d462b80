use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::*;
use crate::wake::{Signals, Waiter, Wake};

/// Calls a server that answers with these bytes; returns what it was asked and what came of it.
fn asked(request: Option<Request<'_>>, answer: &'static [u8]) -> (String, Reply) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut buffer = [0; 1024];
        while !asked.ends_with(b"\r\n\r\n") {
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(count) => asked.extend_from_slice(&buffer[..count]),
            }
        }
        // In two pieces, so that the call has to wait.
        let (first, second) = answer.split_at(answer.len() / 2);
        stream.write_all(first).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        let _ = stream.write_all(second);
        String::from_utf8(asked)
            .unwrap()
            .replace(&port.to_string(), "PORT")
    });
    let reply = finish(Call::begin(port, request).unwrap());
    (server.join().unwrap(), reply)
}

fn finish(mut call: Call) -> Reply {
    let mut waiter = Waiter::new(Signals::None).unwrap();
    waiter.watch_socket(call.socket(), 7).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(reply) = call.step() {
            return reply;
        }
        let wakes = waiter.wait(Some(Duration::from_secs(60))).unwrap();
        assert!(
            wakes == [Wake::Socket(7)] && Instant::now() < deadline,
            "{wakes:?}"
        );
    }
}

fn get(wanted: Wanted) -> Option<Request<'static>> {
    Some(Request {
        method: Method::Get,
        path: "/health?x=1",
        wanted,
    })
}

fn page(status: u16, body: &str) -> Reply {
    Reply::Page {
        status,
        body: body.into(),
    }
}

#[test]
fn a_page_is_read() {
    let (request, reply) = asked(get(Wanted::Body), b"HTTP/1.0 200 OK\r\nX: y\r\n\r\nok\n");
    assert_eq!(
        request,
        "GET /health?x=1 HTTP/1.0\r\nHost: localhost:PORT\r\nUser-Agent: aur\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(reply, page(200, "ok\n"));
    let post = Request {
        method: Method::Post,
        path: "/quitquitquit",
        wanted: Wanted::Status,
    };
    let (request, reply) = asked(Some(post), b"HTTP/1.1 404 Not Found\r\n\r\n");
    assert!(request.starts_with("POST /quitquitquit HTTP/1.0\r\n") && request.contains("Content-Length: 0"));
    assert_eq!(reply, page(404, ""));
}

#[test]
fn a_body_ends_where_its_head_says() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok and more";
    assert_eq!(asked(get(Wanted::Body), answer).1, page(200, "ok"));
}

#[test]
fn what_is_no_answer_says_so() {
    let failed = |text: &str| Reply::Failed(text.to_string());
    assert_eq!(
        asked(get(Wanted::Body), b"hello\n").1,
        failed("the answer is not HTTP")
    );
    assert_eq!(asked(get(Wanted::Body), b"").1, failed("the answer is not HTTP"));
    assert_eq!(asked(get(Wanted::Body), b"HTTP/1.0 204\r\n").1, page(204, ""));
}

#[test]
fn a_port_takes_connections_or_not() {
    assert_eq!(asked(None, b"").1, Reply::Connected);
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let error = Call::begin(closed, None).unwrap_err();
    assert_eq!(error, format!("port {closed}: nobody listens"));
}

#[test]
fn a_listener_on_ipv6_is_found() {
    // Machines without IPv6 have nothing to find.
    if let Ok(listener) = TcpListener::bind("[::1]:0") {
        let port = listener.local_addr().unwrap().port();
        assert_eq!(finish(Call::begin(port, None).unwrap()), Reply::Connected);
    }
}

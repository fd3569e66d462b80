//! Asking a port of this machine, without ever waiting: whether it takes connections, or for a page.
//!
//! Whoever has a [`Call`] registers its socket with the [`Waiter`](crate::wake::Waiter) and calls
//! [`Call::step`] whenever something happened to it. How long it may take is the caller's business.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{self, AddressFamily, SockFlag, SockType, SockaddrIn, SockaddrIn6};

/// The most of an answer that is kept, bytes.
const MOST_ANSWER: usize = 64 * 1024;

/// What is asked over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// How.
    pub method: Method,
    /// Path of the page.
    pub path: &'a str,
    /// How much of the answer is wanted.
    pub wanted: Wanted,
}

/// How a page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// To read it.
    Get,
    /// To have something done.
    Post,
}

/// How much of an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The status alone; the call is over once it is there.
    Status,
    /// The body, too, up to 64 KiB.
    Body,
}

/// A call on its way.
#[derive(Debug)]
pub struct Call {
    stream: TcpStream,
    is_connected: bool,
    request: Vec<u8>,
    sent: usize,
    /// What of the answer is wanted; `None` where a connection is all.
    wanted: Option<Wanted>,
    answer: Vec<u8>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The port takes connections.
    Connected,
    /// A page.
    Page {
        /// Its status.
        status: u16,
        /// Its body, if that was wanted.
        body: Vec<u8>,
    },
    /// Nothing of use came; why.
    Failed(String),
}

impl Call {
    /// Begins a call to a port of this machine, over IPv4 and, where nobody listens there, IPv6.
    ///
    /// # Errors
    /// Says why nobody can be reached.
    pub fn begin(port: u16, request: Option<Request<'_>>) -> Result<Self, String> {
        let stream = connect(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
            .or_else(|error| connect(IpAddr::V6(Ipv6Addr::LOCALHOST), port).map_err(|_| error));
        let stream = stream.map_err(|error| format!("port {port}: {}", describe(&error)))?;
        Ok(Self {
            stream,
            is_connected: false,
            request: request.map_or_else(Vec::new, |request| text_of(&request, port)),
            sent: 0,
            wanted: request.map(|request| request.wanted),
            answer: Vec::new(),
        })
    }

    /// The socket, for a waiter.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Goes on as far as that is possible at once; `None` while it has to wait.
    pub fn step(&mut self) -> Option<Reply> {
        match self.advance() {
            Ok(reply) => reply,
            Err(error) => Some(Reply::Failed(describe(&error))),
        }
    }

    fn advance(&mut self) -> io::Result<Option<Reply>> {
        if !self.is_connected {
            match connection(&self.stream)? {
                Connection::Pending => return Ok(None),
                Connection::Made => self.is_connected = true,
            }
        }
        let Some(wanted) = self.wanted else {
            return Ok(Some(Reply::Connected));
        };
        while self.sent < self.request.len() {
            let rest = self.request.get(self.sent..).unwrap_or_default();
            match self.stream.write(rest) {
                Ok(count) => self.sent = self.sent.saturating_add(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let mut buffer = [0; 4096];
        loop {
            let is_over = match self.stream.read(&mut buffer) {
                Ok(count) => {
                    self.answer.extend(buffer.get(..count).unwrap_or_default());
                    count == 0 || self.answer.len() >= MOST_ANSWER
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => false,
                // What came before a reset counts.
                Err(_) if !self.answer.is_empty() => true,
                Err(error) => return Err(error),
            };
            if let Some(reply) = page(&self.answer, wanted, is_over) {
                return Ok(Some(reply));
            }
        }
    }
}

enum Connection {
    Pending,
    Made,
}

/// Begins a connection; one that is refused at once is an error.
fn connect(ip: IpAddr, port: u16) -> io::Result<TcpStream> {
    let family = match ip {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let descriptor = socket::socket(family, SockType::Stream, flags, None)?;
    let raw = descriptor.as_raw_fd();
    let begun = match ip {
        IpAddr::V4(ip) => socket::connect(raw, &SockaddrIn::from(SocketAddrV4::new(ip, port))),
        IpAddr::V6(ip) => socket::connect(raw, &SockaddrIn6::from(SocketAddrV6::new(ip, port, 0, 0))),
    };
    match begun {
        Ok(()) | Err(Errno::EINPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    let stream = TcpStream::from(descriptor);
    // On one machine the answer is mostly there already.
    connection(&stream)?;
    Ok(stream)
}

fn connection(stream: &TcpStream) -> io::Result<Connection> {
    let mut polled = [PollFd::new(stream.as_fd(), PollFlags::POLLOUT)];
    if poll(&mut polled, PollTimeout::ZERO)? == 0 {
        return Ok(Connection::Pending);
    }
    match stream.take_error()? {
        None => Ok(Connection::Made),
        Some(error) => Err(error),
    }
}

fn text_of(request: &Request<'_>, port: u16) -> Vec<u8> {
    let (method, length) = match request.method {
        Method::Get => ("GET", ""),
        Method::Post => ("POST", "Content-Length: 0\r\n"),
    };
    // Version 1.0 has the answer in one piece, and the connection closed behind it.
    format!(
        "{method} {} HTTP/1.0\r\nHost: localhost:{port}\r\nUser-Agent: aur\r\nConnection: close\r\n{length}\r\n",
        request.path
    )
    .into_bytes()
}

/// Reads an answer as far as it has come; `None` while more is needed.
fn page(answer: &[u8], wanted: Wanted, is_over: bool) -> Option<Reply> {
    let end_of_line = answer.iter().position(|byte| *byte == b'\n');
    let Some(end_of_line) = end_of_line else {
        return is_over.then(|| Reply::Failed("the answer is not HTTP".to_string()));
    };
    let line = String::from_utf8_lossy(answer.get(..end_of_line).unwrap_or_default()).into_owned();
    let Some(status) = status_of(&line) else {
        return Some(Reply::Failed("the answer is not HTTP".to_string()));
    };
    let reply = |body: &[u8]| Reply::Page {
        status,
        body: body.to_vec(),
    };
    match (wanted, body_of(answer)) {
        (Wanted::Status, _) => Some(reply(b"")),
        (Wanted::Body, Some((body, length))) => {
            let is_whole = is_over || length.is_some_and(|length| body.len() >= length);
            let end = length.unwrap_or(body.len()).min(body.len());
            is_whole.then(|| reply(body.get(..end).unwrap_or(body)))
        }
        // An answer that ends within its head has no body.
        (Wanted::Body, None) => is_over.then(|| reply(b"")),
    }
}

fn status_of(line: &str) -> Option<u16> {
    let mut words = line.split_ascii_whitespace();
    let is_http = words.next()?.starts_with("HTTP/");
    words.next()?.parse().ok().filter(|_| is_http)
}

/// The body so far, and how long it is going to be, if the head says so.
fn body_of(answer: &[u8]) -> Option<(&[u8], Option<usize>)> {
    let find = |end: &[u8]| {
        let at = answer.windows(end.len()).position(|window| window == end)?;
        Some((at, at.saturating_add(end.len())))
    };
    let (head_end, body_start) = find(b"\r\n\r\n").or_else(|| find(b"\n\n"))?;
    let head = String::from_utf8_lossy(answer.get(..head_end)?).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.trim().eq_ignore_ascii_case("content-length");
        value.trim().parse().ok().filter(|_| is_length)
    });
    Some((answer.get(body_start..)?, length))
}

fn describe(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "nobody listens".to_string(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;

use std::{
    io::{BufRead, BufReader},
    os::unix::net::UnixListener,
    thread,
};

use super::*;

#[test]
fn a_refusal_is_an_error_in_the_servers_words() {
    let answer = "HTTP/1.0 403 Forbidden\r\nContent-Type: application/json\r\n\r\n{\"message\":\"nodes is forbidden\"}";

    let error = with_server(answer, |api| api.get("/api/v1/nodes")).expect_err("it was refused");

    assert_eq!(
        format!("{error:#}"),
        "GET /api/v1/nodes: 403 nodes is forbidden"
    );
}

#[test]
fn an_api_server_that_is_away_is_an_error_in_kubectls_words() {
    let answer = "HTTP/1.0 500 Internal Server Error\r\n\r\nno route to host\n";

    let error = with_server(answer, |api| api.get("/version")).expect_err("it is away");

    assert_eq!(format!("{error:#}"), "GET /version: 500 no route to host");
}

#[test]
fn an_object_that_is_there_already_needs_no_making() {
    let answer = "HTTP/1.0 409 Conflict\r\n\r\n{\"reason\":\"AlreadyExists\"}";

    let made = with_server(answer, |api| api.create("/api/v1/nodes", &Value::Null));

    made.expect("the object is there");
}

#[test]
fn an_answer_that_is_cut_off_is_an_error() {
    let error = with_server("HTTP/1.0 200 OK\r\n", |api| api.get("/version"))
        .expect_err("there is no body");

    assert!(format!("{error:#}").contains("no HTTP answer"), "{error:#}");
}

/// Serves one request.
fn with_server<T>(answer: &'static str, ask: impl FnOnce(&Api) -> T) -> T {
    let folder = tempfile::tempdir().expect("temporary directory");
    let socket = folder.path().join("api.sock");
    let listener = UnixListener::bind(&socket).expect("listen");
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("accept");
        let mut reader = BufReader::new(stream.try_clone().expect("share the stream"));
        let mut length = 0;
        for line in reader.by_ref().lines() {
            let line = line.expect("read the head");
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.parse().expect("a number");
            }
        }
        reader
            .read_exact(&mut vec![0; length])
            .expect("read the body");
        stream.write_all(answer.as_bytes()).expect("answer");
    });
    let result = ask(&Api::at(&socket));
    server.join().expect("the server ends");
    result
}

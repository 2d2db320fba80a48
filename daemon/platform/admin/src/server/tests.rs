use axum::{Json, Router, routing::get};

use super::{Listener, ServeError};

#[tokio::test]
async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sub/lanlord.sock");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());

    let listener = Listener::bind(&path).unwrap();
    let server =
        tokio::spawn(listener.serve(Router::new().route("/v1/answer", get(|| async { Json(42) }))));

    assert_eq!(crate::get::<u32>(&path, "/v1/answer").await.unwrap(), 42);
    assert!(matches!(Listener::bind(&path), Err(ServeError::InUse(_))));

    server.abort();
    let _ = server.await;
    assert!(!path.exists(), "a stopped daemon leaves no socket file");
}

#[tokio::test]
async fn asking_where_nobody_listens_says_which_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.sock");

    let error = crate::get::<u32>(&path, "/v1/status").await.unwrap_err();

    assert!(error.to_string().contains("none.sock"), "{error}");
}

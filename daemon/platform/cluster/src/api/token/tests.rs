use serde_json::{Value, json};

use super::*;
use crate::api::mock::{Answer, Mock};

fn secret(data: Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "lanlord-token" }, "data": data })
}

async fn read(answer: impl Fn() -> Answer + Send + 'static) -> (Result<Token, TokenError>, Mock) {
    let mock = Mock::new(move |_| answer());
    let token = read_token(mock.client.clone(), "metallb-system").await;
    (token, mock)
}

#[tokio::test]
async fn only_the_one_secret_is_asked_for() {
    let (token, mock) = read(|| Answer::Object(secret(json!({ "token": "YS5iLmM=" })))).await;

    assert_eq!(token.unwrap().secret(), "a.b.c");
    let lines: Vec<_> = mock
        .requests()
        .iter()
        .map(|request| request.line())
        .collect();
    assert_eq!(
        lines,
        ["GET /api/v1/namespaces/metallb-system/secrets/lanlord-token"]
    );
}

#[tokio::test]
async fn what_is_missing_in_the_cluster_is_told_with_its_cure() {
    let (absent, _) = read(|| Answer::Failure(404, "NotFound")).await;
    let (forbidden, _) = read(|| Answer::Failure(403, "Forbidden")).await;
    let (empty, _) = read(|| Answer::Object(secret(json!({})))).await;

    for error in [absent, forbidden, empty].map(Result::unwrap_err) {
        assert!(error.is_final());
        assert!(error.to_string().contains("lanlord talos-patch"), "{error}");
        assert!(
            error.to_string().contains("metallb-system/lanlord-token"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_in_trouble_is_waited_for() {
    let (error, _) = read(|| Answer::Failure(500, "InternalError")).await;

    assert!(!error.unwrap_err().is_final());
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_not_waited_for_for_ever() {
    let (error, _) = read(|| Answer::Silence).await;

    assert!(matches!(error, Err(TokenError::Timeout { .. })));
}

#[test]
fn text_that_no_header_can_carry_is_no_token() {
    assert!(Token::new("").is_none());
    assert!(Token::new("two\nlines").is_none());
    assert_eq!(Token::new("a.b.c\n").unwrap().secret(), "a.b.c");
}

#[test]
fn a_token_is_not_printed() {
    let token = Token::new("a.b.c").unwrap();

    assert_eq!(format!("{token:?}"), "Token { .. }");
}

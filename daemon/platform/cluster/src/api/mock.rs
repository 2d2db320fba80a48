//! An API server of a few lines: requests in, answers out, everything written down.

use std::{
    convert::Infallible,
    future::pending,
    sync::{Arc, Mutex},
};

use futures::stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Request as HttpRequest, Response,
    body::{Bytes, Frame},
};
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) content_type: String,
    pub(super) body: Value,
}

impl Request {
    pub(super) fn is_watch(&self) -> bool {
        self.query.contains("watch=true")
    }

    /// `METHOD path`
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What to answer.
pub(super) enum Answer {
    Object(Value),
    Failure(u16, &'static str),
    /// Lines of a watch, as they come.
    Lines(UnboundedReceiver<Value>),
    /// None, ever.
    Silence,
}

impl Answer {
    /// A list of `items`.
    pub(super) fn list(items: &[Value]) -> Self {
        Self::Object(json!({
            "kind": "List", "apiVersion": "v1",
            "metadata": { "resourceVersion": "1" },
            "items": items,
        }))
    }
}

/// A client, and what it asked for.
pub(super) struct Mock {
    pub(super) client: Client,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Mock {
    pub(super) fn new(handler: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        let handler = Arc::new(Mutex::new(handler));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        let service = tower::service_fn(move |request: HttpRequest<Body>| {
            let handler = Arc::clone(&handler);
            let log = Arc::clone(&log);
            async move {
                let request = read(request).await;
                let answer = {
                    let mut handler = handler.lock().unwrap();
                    handler(&request)
                };
                log.lock().unwrap().push(request);
                Ok::<_, Infallible>(respond(answer).await)
            }
        });
        Self {
            client: Client::new(service, "default"),
            requests,
        }
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The requests whose `METHOD path` contains `part`.
    pub(super) fn matching(&self, part: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.line().contains(part));
        requests
    }
}

async fn read(request: HttpRequest<Body>) -> Request {
    let (head, body) = request.into_parts();
    let body = body.collect_bytes().await.unwrap();
    let content_type = head.headers.get("content-type");
    Request {
        method: head.method.to_string(),
        path: head.uri.path().to_string(),
        query: head.uri.query().unwrap_or_default().to_string(),
        content_type: content_type
            .map_or_else(String::new, |value| value.to_str().unwrap().to_string()),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    }
}

async fn respond(answer: Answer) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
    let (code, value) = match answer {
        Answer::Object(value) => (200, value),
        Answer::Failure(code, reason) => (
            code,
            json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {},
                "status": "Failure", "reason": reason, "message": reason, "code": code,
            }),
        ),
        Answer::Lines(lines) => {
            let lines = stream::unfold(lines, |mut lines| async move {
                let line = lines.recv().await?;
                let frame = Frame::data(Bytes::from(format!("{line}\n")));
                Some((Ok(frame), lines))
            });
            return Response::new(StreamBody::new(lines).boxed_unsync());
        }
        Answer::Silence => pending().await,
    };
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())).boxed_unsync());
    *response.status_mut() = code.try_into().unwrap();
    response
}

//! Talks to the running node over its unix socket. Knows requests and answers, no words.

use std::path::{Path, PathBuf};

use futures::StreamExt;
use futures::stream::BoxStream;
use reqwest::{Body, Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http::answer::Problem;
use crate::machine::health::Health;

/// A node that may answer.
pub struct Client {
    socket: PathBuf,
    http: reqwest::Client,
}

/// Why there is no answer to what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientFailure {
    /// Nobody listens on the socket.
    #[error("no node answers on {}", socket.display())]
    NotRunning {
        /// Where it should listen.
        socket: PathBuf,
    },
    /// The node says why not.
    #[error("the node refused")]
    Problem(Problem),
    /// The connection broke, or what came is not of the form agreed.
    #[error("the node's answer broke off")]
    Broken(#[source] reqwest::Error),
    /// A line of an answer is not of the form agreed: client and node are of different versions.
    #[error("the node's answer cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

impl From<reqwest::Error> for ClientFailure {
    fn from(error: reqwest::Error) -> Self {
        ClientFailure::Broken(error)
    }
}

impl Client {
    /// For the node that listens on `socket`.
    pub fn new(socket: &Path) -> Result<Self, ClientFailure> {
        let http = reqwest::Client::builder().unix_socket(socket).build()?;
        Ok(Self { socket: socket.to_owned(), http })
    }

    /// Asks for something.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &(impl Serialize + ?Sized),
    ) -> Result<T, ClientFailure> {
        let response = self.send(self.request(Method::GET, path).query(query)).await?;
        Ok(response.json().await?)
    }

    /// How the node is; the answer is the same with either status.
    pub async fn health(&self) -> Result<Health, ClientFailure> {
        let response = self.http.get("http://node/healthz").send().await;
        let told = response.map_err(|error| self.unanswered(error))?.bytes().await?;
        serde_json::from_slice(&told).map_err(|_| match serde_json::from_slice(&told) {
            Ok(problem) => ClientFailure::Problem(problem),
            Err(error) => ClientFailure::Unreadable(error),
        })
    }

    /// Asks for something that is told line by line.
    pub async fn get_lines<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &(impl Serialize + ?Sized),
    ) -> Result<Vec<T>, ClientFailure> {
        let response = self.send(self.request(Method::GET, path).query(query)).await?;
        let text = response.text().await?;
        let lines = text.lines().map(|line| serde_json::from_str(line).map_err(ClientFailure::Unreadable));
        lines.collect()
    }

    /// Asks for something to be done.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<T, ClientFailure> {
        let response = self.send(self.request(Method::POST, path).json(body)).await?;
        Ok(response.json().await?)
    }

    /// Sends a text as it stands.
    pub async fn post_text<T: DeserializeOwned>(&self, path: &str, text: String) -> Result<T, ClientFailure> {
        let response = self.send(self.request(Method::POST, path).body(text)).await?;
        Ok(response.json().await?)
    }

    /// Sends a file.
    pub async fn send_file<T: DeserializeOwned>(&self, path: &str, body: Body) -> Result<T, ClientFailure> {
        let response = self.send(self.request(Method::POST, path).body(body)).await?;
        Ok(response.json().await?)
    }

    /// Asks for a file, which comes in pieces.
    pub async fn fetch(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<BoxStream<'static, Result<Vec<u8>, ClientFailure>>, ClientFailure> {
        let response = self.send(self.request(Method::POST, path).json(body)).await?;
        let pieces = response.bytes_stream();
        Ok(pieces.map(|piece| Ok(piece?.to_vec())).boxed())
    }

    /// Streams a body up and hands over the answer line by line as it comes.
    pub async fn stream<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &(impl Serialize + ?Sized),
        body: Body,
        mut take: impl FnMut(T),
    ) -> Result<(), ClientFailure> {
        let response = self.send(self.request(Method::POST, path).query(query).body(body)).await?;
        let mut chunks = response.bytes_stream();
        let mut buffer = Vec::new();
        while let Some(chunk) = chunks.next().await {
            buffer.extend_from_slice(&chunk?);
            while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = buffer.drain(..=end).collect();
                take(serde_json::from_slice(&line).map_err(ClientFailure::Unreadable)?);
            }
        }
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://node/v1/{path}"))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientFailure> {
        let response = request.send().await.map_err(|error| self.unanswered(error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(ClientFailure::Problem(response.json().await?))
    }

    fn unanswered(&self, error: reqwest::Error) -> ClientFailure {
        if error.is_connect() {
            ClientFailure::NotRunning { socket: self.socket.clone() }
        } else {
            ClientFailure::Broken(error)
        }
    }
}

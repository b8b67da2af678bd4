//! Asks the running node and waits for the answer: the one place where a command meets tasks.

use std::future::Future;
use std::io::{self, Read};
use std::path::Path;

use futures::StreamExt;
use futures::stream::{self, Stream};
use reqwest::Body;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};
use tokio::task::spawn_blocking;

use crate::failure::{Failure, Obstacle};
use crate::files::{FileAction, FileFailure};
use crate::http::client::{Client, ClientFailure};
use crate::machine::health::Health;

/// A node that may answer.
pub struct Caller {
    client: Client,
    runtime: Runtime,
}

impl Caller {
    /// For the node that listens on `socket`.
    pub fn new(socket: &Path) -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|source| {
            Obstacle::File(FileFailure { action: FileAction::Read, path: socket.to_owned(), source })
        })?;
        Ok(Self { client: Client::new(socket)?, runtime })
    }

    /// Asks for something.
    pub fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &(impl Serialize + ?Sized),
    ) -> Result<T, Failure> {
        self.wait(self.client.get(path, query))
    }

    /// How the node is.
    pub fn health(&self) -> Result<Health, Failure> {
        self.wait(self.client.health())
    }

    /// Asks for something that is told line by line.
    pub fn get_lines<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &(impl Serialize + ?Sized),
    ) -> Result<Vec<T>, Failure> {
        self.wait(self.client.get_lines(path, query))
    }

    /// Asks for something to be done.
    pub fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<T, Failure> {
        self.wait(self.client.post(path, body))
    }

    /// Sends a text as it stands.
    pub fn post_text<T: DeserializeOwned>(&self, path: &str, text: String) -> Result<T, Failure> {
        self.wait(self.client.post_text(path, text))
    }

    /// Sends a file up piece by piece.
    pub fn send_file<T: DeserializeOwned>(
        &self,
        path: &str,
        file: Box<dyn Read + Send>,
    ) -> Result<T, Failure> {
        self.wait(self.client.send_file(path, Body::wrap_stream(pieces(file))))
    }

    /// Asks for a file and hands over what comes of it, piece by piece.
    pub fn fetch(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<impl Iterator<Item = Result<Vec<u8>, Failure>>, Failure> {
        let mut pieces = self.wait(self.client.fetch(path, body))?;
        Ok(std::iter::from_fn(move || self.runtime.block_on(pieces.next()).map(|piece| Ok(piece?))))
    }

    /// Sends a file up piece by piece and hands over the answer line by line as it comes.
    pub fn stream<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &(impl Serialize + ?Sized),
        file: Box<dyn Read + Send>,
        take: impl FnMut(T),
    ) -> Result<(), Failure> {
        self.wait(self.client.stream(path, query, Body::wrap_stream(pieces(file)), take))
    }

    fn wait<T>(&self, answer: impl Future<Output = Result<T, ClientFailure>>) -> Result<T, Failure> {
        Ok(self.runtime.block_on(answer)?)
    }
}

/// A file as it is read, so that none has to fit into memory here.
fn pieces(file: Box<dyn Read + Send>) -> impl Stream<Item = io::Result<Vec<u8>>> {
    stream::try_unfold(file, |mut file| async {
        let read = spawn_blocking(move || {
            let mut piece = vec![0; PIECE_BYTES];
            let length = file.read(&mut piece)?;
            piece.truncate(length);
            io::Result::Ok((piece, file))
        });
        let (piece, file) = read.await.map_err(io::Error::other)??;
        Ok((!piece.is_empty()).then_some((piece, file)))
    })
}

const PIECE_BYTES: usize = 64 * 1024;

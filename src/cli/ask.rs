//! Commands that ask a running server over its control socket.
use super::{Common, Done, Exit, Failure, installation};
use crate::web::client;
use serde_json::json;

pub fn drain(common: &Common) -> Done {
    let socket = installation::load(common)?.socket_path();
    super::runtime()?.block_on(async {
        client::post(&socket, "/api/v1/drain", &json!({}))
            .await
            .map_err(|error| Failure::new(Exit::CannotConnect, error))
    })?;
    eprintln!("draining: new calls are refused; the server stops when the last call has ended");
    Ok(Exit::Ok)
}

//! Small servers that stand for the rest of the world: sub-commands of the lab binary, so that they run on machines.

pub mod dns;
mod echo;
mod http;
pub mod version;

use std::net::SocketAddr;

use anyhow::Result;
use clap::Subcommand;

use crate::kubernetes::Kubelet;

/// What stands for what.
#[derive(Clone, Debug, Subcommand)]
pub enum StandIn {
    /// A web server: every request is answered 200 with who serves and whom it sees.
    Http {
        /// Address to listen on.
        #[arg(long)]
        listen: SocketAddr,
        /// The name that the page gives as its server.
        #[arg(long)]
        name: String,
    },
    /// A DNS server that knows a few names and says NXDOMAIN to all others.
    Dns {
        /// Address to listen on, UDP and TCP.
        #[arg(long)]
        listen: SocketAddr,
        /// `name=address`, repeated.
        #[arg(long = "record", value_parser = dns::record)]
        records: Vec<dns::Record>,
    },
    /// What a kubelet says of its node and its Pods.
    Kubelet(Kubelet),
    /// A TCP server that sends back what it gets, for connections that must survive.
    Echo {
        /// Address to listen on.
        #[arg(long)]
        listen: SocketAddr,
    },
}

impl StandIn {
    /// Serves until it is killed.
    pub fn run(self) -> Result<()> {
        match self {
            Self::Http { listen, name } => http::serve(listen, &name),
            Self::Dns { listen, records } => dns::serve(listen, &records),
            Self::Kubelet(kubelet) => kubelet.run(),
            Self::Echo { listen } => echo::serve(listen),
        }
    }
}

//! DISCOVER and OFFER (RFC 2131, 4.3.1).

use std::{net::Ipv4Addr, time::SystemTime};

use super::{Allocator, Output, Probed, Request, Server};
use crate::{
    MessageType, Refused, code,
    reply::{self, Granted},
};

impl Server {
    pub(super) fn discover(
        &mut self,
        request: Request,
        now: SystemTime,
    ) -> Result<Vec<Output>, Refused> {
        let wanted = request.message.options.address(code::REQUESTED_ADDRESS);
        let (scope, leases) = (&self.scope, &self.leases);
        let address = self
            .allocator
            .choose(scope, leases, &request.client, wanted, now)
            .ok_or(Refused::Exhausted)?;
        let offered_before = self.allocator.has_offer(&request.client.id, address);
        let probing = offered_before && self.probes.is_waiting(address);
        let wary = self.storage.is_wary(now);
        let client = &request.client;
        let unknown =
            !offered_before && Allocator::needs_probe(scope, leases, client, address, wary, now);
        if !offered_before {
            // Whoever waited for this address had its offer taken back.
            self.probes.end(address);
        }
        self.allocator.hold(&request.client.id, address, now);
        if probing {
            self.probes.wait(address, request);
            return Ok(Vec::new());
        }
        if unknown && self.probes.has_room() {
            self.probes.wait(address, request);
            return Ok(vec![Output::Probe(address)]);
        }
        Ok(vec![self.offer(&request, address, now)])
    }

    /// Says what an ARP probe found: a free address is offered, for a taken one another is looked for.
    pub fn probed(&mut self, address: Ipv4Addr, found: Probed, now: SystemTime) -> Vec<Output> {
        let Some(mut request) = self.probes.end(address) else {
            return Vec::new();
        };
        match found {
            Probed::Free => vec![self.offer(&request, address, now)],
            Probed::Taken(mac) if mac == request.client.mac => {
                // The client itself still answers for the address: it is its own.
                vec![self.offer(&request, address, now)]
            }
            Probed::Taken(mac) => {
                self.allocator.withdraw(&request.client.id);
                request.message.options.remove(code::REQUESTED_ADDRESS);
                let mut outputs = self.quarantine(address, mac, now);
                match self.discover(request, now) {
                    Ok(more) => outputs.extend(more),
                    Err(refused) => outputs.push(Output::Refused(refused)),
                }
                outputs
            }
        }
    }

    fn offer(&self, request: &Request, address: Ipv4Addr, now: SystemTime) -> Output {
        Output::Send(reply::grant(
            &self.scope,
            request,
            MessageType::Offer,
            Granted {
                address,
                lease_time: self.lease_time(request, address, now),
                name: self.reserved_name(request, address),
            },
        ))
    }
}

//! DECLINE, RELEASE and INFORM (RFC 2131, 4.3.3 to 4.3.5).

use std::{
    net::Ipv4Addr,
    time::{Duration, SystemTime},
};

use model::Mac;

use super::{Output, Request, Server};
use crate::{Binding, ClientId, MessageType, Refused, State, binding::whole_seconds, code, reply};

/// How long an address that is in use by somebody else is left alone.
const QUARANTINE: Duration = Duration::from_secs(3600);
/// At most one address in this many is in quarantine, so that forged DECLINEs cannot use up the range.
const QUARANTINED_SHARE: usize = 4;

impl Server {
    /// The client found its new address in use.
    pub(super) fn decline(
        &mut self,
        request: &Request,
        now: SystemTime,
    ) -> Result<Vec<Output>, Refused> {
        let options = &request.message.options;
        let address = options
            .address(code::REQUESTED_ADDRESS)
            .ok_or(Refused::Incomplete(MessageType::Decline))?;
        self.must_name_us(request)?;
        self.must_hold(request, address, now)?;
        Ok(self.quarantine(address, request.client.mac, now))
    }

    /// The client is done with its address. The binding stays, so that it gets the same one again.
    pub(super) fn release(
        &mut self,
        request: &Request,
        now: SystemTime,
    ) -> Result<Vec<Output>, Refused> {
        let address = request.message.ciaddr;
        self.must_name_us(request)?;
        let mut binding = self.must_hold(request, address, now)?;
        // Whoever sends it on the LAN must be at the address: forged RELEASEs would take names away.
        if request.message.giaddr.is_unspecified() && request.arrival.source != address {
            return Err(Refused::NotHolder(MessageType::Release, address));
        }
        if self.storage.is_volatile() {
            // On disk the lease goes on, so that nobody else may have the address.
            return Err(Refused::Unstored(MessageType::Release, address));
        }
        binding.state = State::Released(whole_seconds(now));
        self.leases.put(binding.clone());
        Ok(vec![Output::Store(binding)])
    }

    /// The client has an address by other means and asks for the rest. The answer goes to the address it names, or to
    /// the one it sent from.
    pub(super) fn inform(&self, request: &Request) -> Result<Vec<Output>, Refused> {
        let client = [request.message.ciaddr, request.arrival.source]
            .into_iter()
            .find(|address| self.scope.is_host(*address))
            .ok_or(Refused::Incomplete(MessageType::Inform))?;
        Ok(vec![Output::Send(reply::inform(
            &self.scope,
            request,
            client,
        ))])
    }

    /// Leaves the address alone for a while. A reserved address is not put aside: its host would never come back.
    pub(super) fn quarantine(
        &mut self,
        address: Ipv4Addr,
        mac: Mac,
        now: SystemTime,
    ) -> Vec<Output> {
        let most = (self.scope.range_len() / QUARANTINED_SHARE).max(1);
        let has_room = self.leases.quarantined(now) < most;
        let reserved = self.scope.reserved_for(address).is_some();
        let state = if has_room && !reserved {
            State::Declined(whole_seconds(now + QUARANTINE))
        } else {
            State::Released(whole_seconds(now))
        };
        let binding = Binding {
            address,
            client: ClientId::nobody(),
            mac,
            hostname: None,
            state,
        };
        self.leases.put(binding.clone());
        let mut outputs = vec![Output::Store(binding)];
        if !has_room && !reserved {
            outputs.push(Output::Refused(Refused::QuarantineFull(address)));
        }
        outputs
    }

    fn must_name_us(&self, request: &Request) -> Result<(), Refused> {
        match request.message.options.address(code::SERVER_ID) {
            Some(server) if server == self.scope.server => Ok(()),
            Some(server) => Err(Refused::OtherServer(server)),
            None => Err(Refused::Incomplete(request.kind)),
        }
    }

    /// The client's lease of the address.
    fn must_hold(
        &self,
        request: &Request,
        address: Ipv4Addr,
        now: SystemTime,
    ) -> Result<Binding, Refused> {
        self.leases
            .get(address)
            .filter(|binding| {
                binding.is_leased(now)
                    && binding.client == request.client.id
                    && binding.mac == request.client.mac
            })
            .cloned()
            .ok_or(Refused::NotHolder(request.kind, address))
    }
}

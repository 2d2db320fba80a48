//! REQUEST, ACK and NAK (RFC 2131, 4.3.2).

use std::{
    net::Ipv4Addr,
    time::{Duration, SystemTime},
};

use super::{Output, Request, Server};
use crate::{
    Binding, MessageType, Refused, Reservation, State,
    binding::whole_seconds,
    code,
    hostname::asked_hostname,
    reply::{self, Granted},
};

/// Shortest lease a client gets if it asks for a short one: less would be renewed all the time.
const SHORTEST_LEASE: Duration = Duration::from_secs(120);

/// The four states of a client that sends a REQUEST, told apart as in RFC 2131, 4.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    /// Takes our offer: server identifier and requested address.
    Selecting(Ipv4Addr),
    /// Confirms after a reboot the address it remembers: requested address only.
    InitReboot(Ipv4Addr),
    /// Extends its lease, asking us: ciaddr, by unicast.
    Renewing(Ipv4Addr),
    /// Extends its lease, asking everybody: ciaddr, by broadcast.
    Rebinding(Ipv4Addr),
}

impl Server {
    pub(super) fn request(
        &mut self,
        request: &Request,
        now: SystemTime,
    ) -> Result<Vec<Output>, Refused> {
        match self.asking(request)? {
            Asking::Selecting(address) if self.may_have(request, address, now) => {
                Ok(self.acknowledge(request, address, now))
            }
            Asking::Selecting(_) => Ok(vec![self.nak(request, "address is not available")]),
            Asking::InitReboot(address) if self.is_doubtful(request, address, now) => {
                Ok(vec![self.nak(request, "lease is not known any more")])
            }
            Asking::InitReboot(address) => self.confirm(request, address, now),
            Asking::Renewing(address) => Ok(self.renew(request, address, now)),
            Asking::Rebinding(address) => self.confirm(request, address, now),
        }
    }

    /// Whether somebody else may have the address by a lease that a power failure took from our memory. A client that
    /// begins anew has it probed; one that only wants it confirmed would not.
    fn is_doubtful(&self, request: &Request, address: Ipv4Addr, now: SystemTime) -> bool {
        let known = self.leases.of_client(&request.client.id);
        let holds =
            known.is_some_and(|binding| binding.address == address && binding.is_leased(now));
        // Of a client that we do not know, somebody else may be the server.
        let is_ours = known.is_some() || self.scope.authoritative;
        is_ours
            && !holds
            && self.storage.is_wary(now)
            && self.scope.reservation(request.client.mac).is_none()
    }

    fn asking(&mut self, request: &Request) -> Result<Asking, Refused> {
        let options = &request.message.options;
        let server = options.address(code::SERVER_ID);
        if let Some(server) = server.filter(|server| *server != self.scope.server) {
            self.allocator.withdraw(&request.client.id);
            return Err(Refused::OtherServer(server));
        }
        let wanted = options.address(code::REQUESTED_ADDRESS);
        let current = Some(request.message.ciaddr).filter(|address| !address.is_unspecified());
        match (server, wanted, current) {
            (Some(_), Some(wanted), _) => Ok(Asking::Selecting(wanted)),
            (_, _, Some(current)) if request.arrival.destination == self.scope.server => {
                Ok(Asking::Renewing(current))
            }
            (_, _, Some(current)) => Ok(Asking::Rebinding(current)),
            (None, Some(wanted), None) => Ok(Asking::InitReboot(wanted)),
            (_, None, None) => Err(Refused::Incomplete(MessageType::Request)),
        }
    }

    /// INIT-REBOOT and REBINDING: other servers hear it too. Without a record of the client we are silent, unless the
    /// address is wrong for this network or nobody else can know the client.
    fn confirm(
        &mut self,
        request: &Request,
        address: Ipv4Addr,
        now: SystemTime,
    ) -> Result<Vec<Output>, Refused> {
        if !self.scope.prefix.contains(&address) {
            return Ok(vec![self.nak(request, "address is of another network")]);
        }
        // Its lease is of another address: the client remembers something older (4.3.2).
        let holds_other = self
            .leases
            .of_client(&request.client.id)
            .is_some_and(|binding| binding.address != address && binding.is_leased(now));
        if holds_other {
            return Ok(vec![self.nak(request, "lease is of another address")]);
        }
        let known = self.leases.of_client(&request.client.id).is_some()
            || self.scope.reservation(request.client.mac).is_some();
        if !known && !self.scope.authoritative {
            return Err(Refused::UnknownClient(address));
        }
        Ok(self.renew(request, address, now))
    }

    fn renew(&mut self, request: &Request, address: Ipv4Addr, now: SystemTime) -> Vec<Output> {
        if self.may_have(request, address, now) {
            self.acknowledge(request, address, now)
        } else {
            vec![self.nak(request, "lease is not known or not valid any more")]
        }
    }

    fn may_have(&self, request: &Request, address: Ipv4Addr, now: SystemTime) -> bool {
        self.allocator
            .is_available(&self.scope, &self.leases, &request.client, address, now)
    }

    fn acknowledge(
        &mut self,
        request: &Request,
        address: Ipv4Addr,
        now: SystemTime,
    ) -> Vec<Output> {
        let lease_time = self.lease_time(request, address, now);
        let mut outputs = self.give_up_earlier(request, address, now);
        let hostname = match self.publishable_name(request, address, now) {
            Ok(hostname) => hostname,
            Err(taken) => {
                outputs.push(Output::Refused(taken));
                None
            }
        };
        let binding = Binding {
            address,
            client: request.client.id.clone(),
            mac: request.client.mac,
            hostname,
            // Rounded up, so that the record never ends before the client thinks it does.
            state: State::Leased(whole_seconds(now + lease_time + Duration::from_secs(1))),
        };
        self.allocator.withdraw(&request.client.id);
        self.allocator.taken(address);
        self.probes.end(address);
        self.leases.put(binding.clone());
        outputs.push(Output::Store(binding));
        outputs.push(Output::Send(reply::grant(
            &self.scope,
            request,
            MessageType::Ack,
            Granted {
                address,
                lease_time,
                name: self.reserved_name(request, address),
            },
        )));
        outputs
    }

    /// A client has one lease: with a new address it leaves the old one. On a disk that cannot be written the old one
    /// stays its own, and so it must not go to anybody else.
    fn give_up_earlier(
        &mut self,
        request: &Request,
        address: Ipv4Addr,
        now: SystemTime,
    ) -> Vec<Output> {
        let earlier = self
            .leases
            .of_client(&request.client.id)
            .filter(|binding| binding.address != address && binding.is_leased(now))
            .filter(|_| !self.storage.is_volatile())
            .cloned();
        let Some(mut binding) = earlier else {
            return Vec::new();
        };
        binding.state = State::Released(whole_seconds(now));
        self.leases.put(binding.clone());
        vec![Output::Store(binding)]
    }

    fn nak(&self, request: &Request, text: &'static str) -> Output {
        Output::Send(reply::nak(&self.scope, request, text))
    }

    /// The longest lease there is, or less if the client asks for less.
    pub(super) fn lease_time(
        &self,
        request: &Request,
        address: Ipv4Addr,
        now: SystemTime,
    ) -> Duration {
        let most = self.longest_lease(request, address, now);
        request
            .message
            .options
            .number(code::LEASE_TIME)
            .map_or(most, |secs| {
                Duration::from_secs(secs.into())
                    .max(SHORTEST_LEASE)
                    .min(most)
            })
    }

    /// The name of the reservation that the client gets with this address.
    pub(super) fn reserved_name(&self, request: &Request, address: Ipv4Addr) -> Option<&str> {
        self.reservation(request, address)?.name.as_deref()
    }

    pub(super) fn reservation(&self, request: &Request, address: Ipv4Addr) -> Option<&Reservation> {
        self.scope
            .reservation(request.client.mac)
            .filter(|kept| kept.address == address)
    }

    /// The name to publish: the reservation's, else what the client asks for, else what it had. Never a name that is
    /// the router's, a reservation's or another client's.
    fn publishable_name(
        &self,
        request: &Request,
        address: Ipv4Addr,
        now: SystemTime,
    ) -> Result<Option<String>, Refused> {
        if let Some(name) = self.reserved_name(request, address) {
            return Ok(Some(name.to_string()));
        }
        let before = || {
            let binding = self.leases.get(address)?;
            (binding.client == request.client.id).then(|| binding.hostname.clone())?
        };
        let Some(name) = asked_hostname(&request.message.options).or_else(before) else {
            return Ok(None);
        };
        let denied = self.scope.denied_names.contains(&name);
        let reserved = self
            .scope
            .name_reserved_for(&name)
            .is_some_and(|mac| mac != request.client.mac);
        let used = self
            .leases
            .of_name(&name, now)
            .is_some_and(|binding| binding.mac != request.client.mac);
        if denied || reserved || used {
            return Err(Refused::NameTaken(name));
        }
        Ok(Some(name))
    }
}

//! The DHCP clients of the distribution, each with files of its own and a script that notes what it was told.

use std::{collections::BTreeMap, fs, net::Ipv4Addr, os::unix::fs::PermissionsExt, path::Path};

use kernel::testing::Namespace;

/// A stock client, as a shell line with `@DIR@`, `@SCRIPT@` and `@NAME@`, and how it names what it is told.
pub(super) struct Client {
    line: &'static str,
    names: Names,
}

/// Environment variables of the client's script.
struct Names {
    /// Events that mean "configure the interface".
    bound: &'static str,
    address: &'static str,
    mask: &'static str,
    router: &'static str,
    resolver: &'static str,
    domain: &'static str,
    host_name: &'static str,
    server: &'static str,
}

/// What a client was told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) address: Ipv4Addr,
    pub(super) prefix_length: u8,
    pub(super) router: Option<Ipv4Addr>,
    pub(super) resolver: Option<Ipv4Addr>,
    pub(super) domain: Option<String>,
    pub(super) host_name: Option<String>,
    pub(super) server: Option<Ipv4Addr>,
}

pub(super) const fn dhclient() -> Client {
    Client {
        line: "printf 'send host-name \"@NAME@\";\\n' > @DIR@/dhclient.conf; \
               exec dhclient -4 -1 -d -cf @DIR@/dhclient.conf -lf @DIR@/dhclient.leases \
               -pf @DIR@/dhclient.pid -sf @SCRIPT@ eth0",
        names: Names {
            bound: "BOUND|RENEW|REBIND|REBOOT",
            address: "new_ip_address",
            mask: "new_subnet_mask",
            router: "new_routers",
            resolver: "new_domain_name_servers",
            domain: "new_domain_name",
            host_name: "new_host_name",
            server: "new_dhcp_server_identifier",
        },
    }
}

pub(super) const fn udhcpc() -> Client {
    Client {
        line: "exec udhcpc -f -q -n -t 20 -T 1 -i eth0 -s @SCRIPT@ -p @DIR@/udhcpc.pid \
               -O hostname -x hostname:@NAME@",
        names: Names {
            bound: "bound|renew",
            address: "ip",
            mask: "subnet",
            router: "router",
            resolver: "dns",
            domain: "domain",
            host_name: "hostname",
            server: "serverid",
        },
    }
}

/// It keeps files below /run and /var/lib whatever it is told, so it gets a mount namespace of its own.
pub(super) const fn dhcpcd() -> Client {
    Client {
        line: "exec unshare -m sh -c 'mount -t tmpfs none /run && mount -t tmpfs none /var/lib/dhcpcd && \
               printf \"hostname @NAME@\\noption domain_name_servers, domain_name, routers, host_name\\nnohook resolv.conf\\n\" \
               > @DIR@/dhcpcd.conf && exec dhcpcd -4 -1 -B -L -f @DIR@/dhcpcd.conf -c @SCRIPT@ eth0'",
        names: Names {
            bound: "BOUND|RENEW|REBIND|REBOOT",
            address: "new_ip_address",
            mask: "new_subnet_mask",
            router: "new_routers",
            resolver: "new_domain_name_servers",
            domain: "new_domain_name",
            host_name: "new_host_name",
            server: "new_dhcp_server_identifier",
        },
    }
}

impl Client {
    /// Gives up when its first DISCOVER is not answered.
    pub(super) fn asking_once(self) -> Self {
        let line = "exec udhcpc -f -q -n -t 1 -T 5 -i eth0 -s @SCRIPT@ -p @DIR@/udhcpc.pid";
        Self { line, ..self }
    }

    /// Runs the client on the host's `eth0` until it has a lease; panics with its output when it does not get one.
    pub(super) async fn lease(&self, host: &Namespace, name: &str) -> Told {
        let directory = tempfile::tempdir().expect("make a folder for the client");
        let line = self.prepare(directory.path(), name);
        let mut command = host.command("timeout");
        command.args(["-k", "1", "15", "sh", "-c", &line]);
        // The task under test runs on this thread.
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("wait for the client")
            .expect("start the client: install isc-dhcp-client, udhcpc and dhcpcd");
        let told = fs::read_to_string(directory.path().join("told"));
        let Ok(told) = told else {
            panic!(
                "`{line}` got no lease ({}): {}{}",
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        };
        self.names.read(&told)
    }

    /// Writes the script and returns the line that runs the client. Once bound the client is done.
    fn prepare(&self, directory: &Path, name: &str) -> String {
        let script = directory.join("script");
        let told = directory.join("told");
        let text = format!(
            "#!/bin/sh\ncase \"${{reason:-$1}}\" in\n{})\n  env > {1}.part && mv {1}.part {1}\n  \
             [ -f {2}/dhclient.pid ] && kill $(cat {2}/dhclient.pid)\n  ;;\nesac\nexit 0\n",
            self.names.bound,
            told.display(),
            directory.display(),
        );
        fs::write(&script, text).expect("write the client's script");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("make it a program");
        let name = if name.is_empty() { "unnamed" } else { name };
        self.line
            .replace("@DIR@", &directory.display().to_string())
            .replace("@SCRIPT@", &script.display().to_string())
            .replace("@NAME@", name)
    }
}

impl Names {
    fn read(&self, environment: &str) -> Told {
        let variables: BTreeMap<_, _> = environment
            .lines()
            .filter_map(|line| line.split_once('='))
            .collect();
        let text = |name| variables.get(name).map(ToString::to_string);
        let address = |name| text(name)?.parse::<Ipv4Addr>().ok();
        let mask = address(self.mask).expect("a subnet mask");
        Told {
            address: address(self.address).expect("an address"),
            prefix_length: ipnet::ipv4_mask_to_prefix(mask).expect("a mask"),
            router: address(self.router),
            resolver: address(self.resolver),
            domain: text(self.domain),
            host_name: text(self.host_name),
            server: address(self.server),
        }
    }
}

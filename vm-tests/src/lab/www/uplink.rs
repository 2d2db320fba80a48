//! What is on the uplink: a small Internet, a home laptop, and a host that nobody trusts.

use super::{PAGE, ROUTER_UPLINK, SOON, VIP, WORKERS};
use crate::lab::{Lab, dhcp_client::word_after, failure::expected, page, probe, step::Outcome};

/// Address of the Internet's web server.
pub(super) const WEB: &str = "198.51.100.80";
/// Address of the home router, which is the Internet's DNS server too.
pub(super) const GATEWAY: &str = "203.0.113.1";

/// Starts the stand-in Internet and configures the two hosts beside the router.
pub(super) fn start(lab: &mut Lab) -> Outcome {
    lab.machine("uplink")?.feed(
        "ip",
        &["-batch", "-"],
        &format!("address add {GATEWAY}/24 dev eth0\naddress add {WEB}/32 dev lo\n"),
    )?;
    lab.machine("uplink")?
        .succeed("sh", &["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])?;
    for (machine, address) in [
        ("home-laptop", "203.0.113.70"),
        ("stranger", "203.0.113.20"),
    ] {
        lab.machine(machine)?.feed(
            "ip",
            &["-batch", "-"],
            &format!("address add {address}/24 dev eth0\nroute add default via {GATEWAY}\n"),
        )?;
    }
    let web = format!("www.example.net={WEB}");
    let dns = [
        "dns",
        "--listen",
        "203.0.113.1:53",
        "--record",
        &web,
        "--record",
        "mail.example.com=198.51.100.25",
    ];
    let dns = lab.start_stand_in("uplink", "dns", &dns)?;
    let listen = format!("{WEB}:80");
    lab.start_stand_in(
        "uplink",
        "web",
        &["http", "--listen", &listen, "--name", "internet"],
    )?;
    lab.start_stand_in("uplink", "echo", &["echo", "--listen", "198.51.100.80:7"])?;
    let stranger = lab.machine("stranger")?;
    lab.eventually(SOON, "the Internet's DNS to answer", &dns, || {
        probe::resolve(stranger, GATEWAY, "www.example.net")
    })?;
    let seen = lab.eventually(
        SOON,
        "the Internet's web server to answer",
        "uplink-web",
        || page::fetch(stranger, &format!("http://{WEB}/")),
    )?;
    Ok(format!(
        "the Internet answers: www.example.net is {WEB}, and it sees {}",
        seen.client
    ))
}

/// The route that `lanlord status` prints, and the router as resolver: that is all a home laptop needs.
pub(super) fn home_laptop_gets_page(lab: &mut Lab) -> Outcome {
    let status = super::router_status(lab)?;
    let hint = status
        .hints
        .iter()
        .find(|hint| hint.contains("10.10.10.0/24") && hint.contains("via"))
        .ok_or_else(|| {
            expected(
                "a hint with the route to 10.10.10.0/24 in `lanlord status`",
                &status.hints.join("; "),
            )
            .part("router-lanlord")
        })?;
    let via = word_after(hint, "via").unwrap_or_default();
    let via = via.trim_end_matches(|last: char| !last.is_ascii_digit());
    let home = lab.machine("home-laptop")?;
    home.succeed("ip", &["route", "replace", "10.10.10.0/24", "via", via])?;
    std::fs::write(
        home.directory().join("etc/resolv.conf"),
        format!("nameserver {ROUTER_UPLINK}\n"),
    )
    .map_err(anyhow::Error::from)?;
    let page = lab.eventually(
        SOON,
        &format!("{PAGE} on the home laptop"),
        "router-lanlord",
        || page::fetch(home, PAGE),
    )?;
    if !WORKERS.contains(&page.server.as_str()) {
        return Err(expected("a page from a worker", &format!("{page:?}")));
    }
    Ok(format!(
        "home-laptop gets {PAGE} from {} with `ip route add 10.10.10.0/24 via {via}`",
        page.server
    ))
}

/// A host outside `trusted` may have the same route and the same resolver: nothing answers.
pub(super) fn stranger_gets_nothing(lab: &mut Lab) -> Outcome {
    let stranger = lab.machine("stranger")?;
    for prefix in ["10.10.10.0/24", "192.168.1.0/24"] {
        stranger.succeed("ip", &["route", "replace", prefix, "via", ROUTER_UPLINK])?;
    }
    let script = format!(
        "try() {{ what=$1; shift; if \"$@\" >/dev/null 2>&1; then echo \"$what answered\"; fi; }}\n\
         try page curl --max-time 1 -H 'Host: www.example.com' http://{VIP}/ &\n\
         try 'a host of the LAN' curl --max-time 1 http://192.168.1.202:8000/ &\n\
         try 'the status port' curl --max-time 1 http://{ROUTER_UPLINK}/ &\n\
         try 'the status port of the LAN side' curl --max-time 1 http://192.168.1.200/ &\n\
         try 'DNS over UDP' dig +time=1 +tries=1 @{ROUTER_UPLINK} www.example.com &\n\
         try 'DNS over TCP' dig +tcp +time=1 +tries=1 @{ROUTER_UPLINK} www.example.com &\n\
         try 'ssh of the LAN' curl --max-time 1 telnet://192.168.1.201:22 &\n\
         wait"
    );
    let answered = stranger.succeed("sh", &["-c", &script])?;
    if !answered.is_empty() {
        return Err(
            expected("no answer to a host outside `trusted`", &answered).part("router-lanlord")
        );
    }
    Ok("stranger (203.0.113.20, not trusted) gets no page, no DNS, nothing of the LAN".to_owned())
}

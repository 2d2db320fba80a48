//! The router's DNS without sockets and clock: what our zones hold, what they answer, and who may change them.
//!
//! [`Authority::answer`] takes a message as it came and says what to do: send a reply, ask upstream, apply an update,
//! send a transfer, or keep silent. Names come from three sources, and the higher one is answered: the configuration, a
//! cluster (by DNS UPDATE with TSIG), a DHCP lease. Upstream answers pass [`strip_private`] and the [`Cache`].
//!
//! ```text
//!   message --> Authority::answer --> Reply                                   --> out
//!                                 --> Forward --> Cache, upstream --> finish  --> out
//!                                 --> Update  --> Authority::update --> disk  --> out
//!                                 --> Transfer                                --> out
//! ```

#![forbid(unsafe_code)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "record types, classes and codes are open sets; enums of our own are matched by name"
)]

mod answer;
mod authority;
mod cache;
mod forward;
mod grant;
mod lease;
mod path;
mod rebinding;
mod reply;
mod saved;
mod special;
#[cfg(test)]
mod testing;
mod transfer;
mod tsig;
mod update;
mod zone;
mod zones;

pub use answer::Answer;
pub use authority::{Authority, NameEntry, Settings, ZoneSettings, ZoneSummary};
pub use cache::{Cache, Question};
pub use forward::{Forward, Resolution};
pub use grant::{Grant, OWNER_LABEL, Pattern, PatternError, ROUTER_LABEL, ZoneGrant};
pub use lease::LeaseName;
pub use rebinding::strip_private;
pub use reply::{Reply, ReplyKind, Transport};
pub use saved::Saved;
pub use tsig::{Key, KeyError, ReplyVerifier, SignatureError};
pub use update::{Update, UpdateRefusal, Updated};
pub use zone::Holder;

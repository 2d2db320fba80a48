//! The plan as `--json` prints it.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::Plan;

impl Serialize for Plan {
    /// Maps by pool, Service, VIP and name, and two lists of `{object, code, text}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut plan = serializer.serialize_struct("Plan", 6)?;
        plan.serialize_field("pools", &self.allocation.pools)?;
        plan.serialize_field("allocations", &self.allocation.allocations)?;
        plan.serialize_field("announcements", &self.announcement.announcements)?;
        plan.serialize_field("names", &self.naming.names)?;
        plan.serialize_field("refused", &self.refusals())?;
        plan.serialize_field("warnings", &self.warnings())?;
        plan.end()
    }
}

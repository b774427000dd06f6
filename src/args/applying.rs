//! What the verbs that carry out plans share: what is asked and refused before, how they are sent, and how an
//! end is described.

mod checks;
mod report;
mod sending;

pub use self::checks::{
    check_atomic, check_deletes, check_origin, check_rights, check_sizes, check_unlocked,
    check_writable, confirm, describe_unwritable,
};
pub use self::report::{
    applied_report, describe_applied, describe_conflict, describe_end, name_conflicts, name_keys,
    name_unrestored, print_plan, show_plan,
};
pub use self::sending::{
    PlanProgress, StopSignals, carry_out, carry_out_recorded, create_journal, execution_failure,
    journal_failure, new_file, plan_of_deletes, send_plan,
};

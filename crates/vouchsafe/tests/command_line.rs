//! The program's own commands as processes: what it says when something around it is wrong, and what it finds.

#![expect(non_snake_case, reason = "tests carry requirement ids")]

#[path = "command_line/administration/mod.rs"]
mod administration;
#[path = "command_line/bad_postgres.rs"]
mod bad_postgres;
#[path = "command_line/bad_surroundings.rs"]
mod bad_surroundings;
#[path = "command_line/doctor.rs"]
mod doctor;
#[path = "command_line/folder.rs"]
mod folder;
#[path = "command_line/logs.rs"]
mod logs;
#[path = "command_line/small_commands.rs"]
mod small_commands;
#[path = "command_line/tls.rs"]
mod tls;

//! Of exports, behind the last line of the good file, and the one sentence that follows.

pub(crate) const IN_EXPORTS: &[(&str, &str, &str)] = &[
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"SIEM\"\nto = \"file\"\npath = \"x\"",
        "FILE, line 22, export.name: it is not 1 to 64 of the characters a-z 0-9 - _; choose such a name",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"kafka\"",
        "FILE, line 23, export siem, to: this is none of the words it takes; use file, syslog or webhook",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"file\"",
        "FILE, line 21, export siem, path: it is missing, and `to` is \"file\"; write where entries go",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"syslog\"",
        "FILE, line 21, export siem, address: it is missing, and `to` is \"syslog\"; write where entries go",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"webhook\"\nsecret = \"x\"",
        "FILE, line 21, export siem, url: it is missing, and `to` is \"webhook\"; write where entries go",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"file\"\npath = \"x\"\naddress = \"udp://h:1\"",
        "FILE, line 25, export siem, address: it has no effect where `to` is \"file\"; remove it, or write to = \"syslog\"",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"syslog\"\naddress = \"siem:514\"",
        "FILE, line 24, export siem, address: it does not name a host and a port; write it as \"tls://siem.example.com:6514\", with tcp:// or udp:// instead, or as \"unix:/dev/log\"",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"syslog\"\naddress = \"http://siem:514\"",
        "FILE, line 24, export siem, address: this is no way to reach a syslog receiver; write it as \"tls://siem.example.com:6514\", with tcp:// or udp:// instead, or as \"unix:/dev/log\"",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"syslog\"\naddress = \"tcp://u@siem:514/x\"",
        "FILE, line 24, export siem, address: it holds more than a host and a port; write it as \"tls://siem.example.com:6514\", with tcp:// or udp:// instead, or as \"unix:/dev/log\"",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"syslog\"\naddress = \"tcp://siem:514\"\nca_file = \"ca\"",
        "FILE, line 25, export siem, ca_file: it has no effect without TLS; remove it, or write the address with tls://",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"syslog\"\naddress = \"tls://siem:514\"\nca_file = \"not-there\"",
        "FILE, line 25, export siem, ca_file: /etc/v/not-there holds no certificate that this user may read; name a PEM file with the roots of trust",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"webhook\"\nurl = \"http://siem/x\"\nsecret = \"x\"",
        "FILE, line 24, export siem, url: it is neither https nor at a host of egress.internal_hosts, or it holds a user name; write it as \"https://siem.example.com/path\"; name a host inside your network in egress.internal_hosts",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"webhook\"\nurl = \"https://siem/x\"",
        "FILE, line 21, export siem, secret: it is missing, and `to` is \"webhook\"; write where entries go",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"webhook\"\nurl = \"https://siem/x\"\nsecret = \"x\"",
        "FILE, line 25, export siem, secret: this is no `whsec_` with 24 to 64 bytes in base64 behind it; make one with `echo whsec_$(openssl rand -base64 32)`, and give it to the receiver",
    ),
    (
        "password = \"correct horse\"",
        "password = \"correct horse\"\n[[export]]\nname = \"siem\"\nto = \"file\"\npath = \"x\"\n[[export]]\nname = \"siem\"\nto = \"file\"\npath = \"y\"",
        "FILE, line 26, export siem, name: there are two of this name; rename or remove one",
    ),
];

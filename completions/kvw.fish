# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_kvw_global_optspecs
    string join \n q/quiet v/verbose color= h/help V/version
end

function __fish_kvw_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_kvw_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_kvw_using_subcommand
    set -l cmd (__fish_kvw_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c kvw -n "__fish_kvw_needs_command" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_needs_command" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_needs_command" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_needs_command" -s h -l help -d 'Print help'
complete -c kvw -n "__fish_kvw_needs_command" -s V -l version -d 'Print version'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "get" -d 'Print the value of a key'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "put" -d 'Write a value to a key'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "delete" -d 'Delete keys'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "txn" -d 'Run operations all or nothing'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "watch" -d 'Print changes as they happen, or run a handler on them'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "wait" -d 'Wait until keys are as they should be'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "ls" -d 'List one level of keys and folders'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "tree" -d 'Show keys as a tree, with how many there are below each folder'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "export" -d 'Print all entries as a document that import takes'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "import" -d 'Write all entries of a document'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "status" -d 'Say whether Consul is there and led'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "dev" -d 'Run an embedded in-memory agent for trying and testing'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "completions" -d 'Print the completion script for a shell'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "man" -d 'Print the manual page, or write all pages to a folder'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l separator -d 'Where --keys cuts names, \'\' for nowhere [default: /]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l default -d 'What to print for a missing key, with exit 0' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -s o -l output -d 'How to print it: text, json, jsonl, raw (exact bytes) or consul (its own JSON) [default: text]' -r -f -a "text\t''
json\t''
jsonl\t''
raw\t''
consul\t''"
complete -c kvw -n "__fish_kvw_using_subcommand get" -l http-addr -d 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand get" -l token -d 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l datacenter -d 'Datacenter to ask [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l namespace -d 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l partition -d 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l connect-timeout -d 'How long connecting may take [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l request-timeout -d 'How long an answer may take; a blocking query adds its own wait [default: 30s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l retry-for -d 'How long failed reads are tried again, 0 for never [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand get" -l recurse -d 'Print all entries whose keys begin with KEY'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l keys -d 'Print only names, cut behind the first separator after KEY; with --recurse uncut'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l detailed -d 'Print all fields'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l base64 -d 'Print values in base64'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l exact-key -d 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l stale -d 'Let any server answer reads, with what it knows'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l consistent -d 'Have the leader make sure that it still leads before it answers reads'
complete -c kvw -n "__fish_kvw_using_subcommand get" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand get" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l modify-index -d 'The index for --cas, as get -o json shows it' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l flags -d 'The caller\'s 64 bits beside the value [default: 0, as every write of Consul\'s sets them]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l session -d 'The session for --acquire and --release' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -s o -l output -d 'How to print it: text (nothing) or json (the entry as it now stands) [default: text]' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand put" -l http-addr -d 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand put" -l token -d 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l datacenter -d 'Datacenter to ask [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l namespace -d 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l partition -d 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l connect-timeout -d 'How long connecting may take [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l request-timeout -d 'How long an answer may take; a blocking query adds its own wait [default: 30s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l retry-for -d 'How long failed reads are tried again, 0 for never [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand put" -l literal -d 'Take VALUE as it stands: @FILE and - are no files'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l base64 -d 'Decode VALUE from base64 first'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l cas -d 'Write only if the key was last changed at --modify-index (0: does not exist)'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l create -d 'Write only if the key does not exist'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l keep-flags -d 'Leave the flags as they are'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l acquire -d 'Take the lock of the key for --session'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l release -d 'Give the lock of the key back; without VALUE value and flags stay'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l exact-key -d 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l stale -d 'Let any server answer reads, with what it knows'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l consistent -d 'Have the leader make sure that it still leads before it answers reads'
complete -c kvw -n "__fish_kvw_using_subcommand put" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand put" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand put" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l modify-index -d 'The index for --cas, as get -o json shows it' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -s o -l output -d 'How to print it: text (nothing) or json [default: text]' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l http-addr -d 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l token -d 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l datacenter -d 'Datacenter to ask [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l namespace -d 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l partition -d 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l connect-timeout -d 'How long connecting may take [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l request-timeout -d 'How long an answer may take; a blocking query adds its own wait [default: 30s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l retry-for -d 'How long failed reads are tried again, 0 for never [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l recurse -d 'Delete everything that begins with KEY'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l prefix-match -d 'Delete everything that begins with a prefix which does not end in /, neighbours included'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l all -d 'Delete the whole store'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -s y -l yes -d 'Do not ask before a recursive delete'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l cas -d 'Delete only if the key was last changed at --modify-index; exit 1 if not'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l dry-run -d 'List what would be deleted, and delete nothing'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l exact-key -d 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l stale -d 'Let any server answer reads, with what it knows'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l consistent -d 'Have the leader make sure that it still leads before it answers reads'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l file -d 'Read the operations from a file' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -s o -l output -d 'How to print it: text (what was read, key:value a line) or json [default: text]' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l http-addr -d 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l token -d 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l datacenter -d 'Datacenter to ask [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l namespace -d 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l partition -d 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l connect-timeout -d 'How long connecting may take [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l request-timeout -d 'How long an answer may take; a blocking query adds its own wait [default: 30s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l retry-for -d 'How long failed reads are tried again, 0 for never [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l prefix-match -d 'Delete everything that begins with a prefix which does not end in /, neighbours included'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l all -d 'Delete the whole store'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l exact-key -d 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l stale -d 'Let any server answer reads, with what it knows'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l consistent -d 'Have the leader make sure that it still leads before it answers reads'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l prefix -d 'Watch all keys that begin with P, whether it ends in / or not; \'\' is all; can be repeated' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l key -d 'Watch the key K, also one that ends in /; can be repeated' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l include -d 'Only keys that match GLOB: * stops at /, ** does not; can be repeated' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l exclude -d 'No keys that match GLOB, even if included; can be repeated' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l initial -d 'What is there at the start: run tells it as created, skip says nothing, if-changed tells what differs from what was handled [default: if-changed with --state, else run with a handler and skip without]' -r -f -a "run\t''
skip\t''
if-changed\t''"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l count -d 'End after N batches' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l for -d 'End after this time; with --once or --count and too little to tell until then the exit code is 1' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l longest-wait -d 'For tests: how long Consul may hold an answer' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l walk-from -d 'For tests: from how many keys on a prefix is walked' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l max-outage -d 'End when Consul cannot be seen for this long: exit 3, or 4 for lost rights [default: never]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -s o -l output -d 'Print changes as text or jsonl, also with a handler, whose stdout then goes to stderr [default: text without a handler]' -r -f -a "text\t''
jsonl\t''"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l events -d 'With -o jsonl: print changes, or all events: first looks, outages, lost rights, deletes held back, runs of handlers too [default: changes]' -r -f -a "changes\t''
all\t''"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l status-file -d 'Keep in FILE, as JSON, how the watch stands: last contact, index, outages, last runs, lag' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l state -d 'Keep in FILE what was handled: after a restart only what changed since is told, deletes included' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l max-delete -d 'Hold more deletes at once than this back, until the keys return or a restart allows more' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l exec -d 'Run this line with sh -c on each batch of changes' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l route -d 'Run CMD (with sh -c) on the keys that GLOB matches; can be repeated, the first that matches takes a key, --exec takes what is left' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l on-busy -d 'For changes while the handler runs: queue, restart, signal or drop [default: queue]' -r -f -a "queue\t''
restart\t''
signal\t''
drop\t''"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l signal -d 'The signal of --on-busy signal [default: HUP]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l on-fail -d 'When the handler fails: continue, retry, exit or ignore [default: continue]' -r -f -a "continue\t''
retry\t''
exit\t''
ignore\t''"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l handler-timeout -d 'Stop a run that takes longer, and count it as failed [default: none]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l stop-signal -d 'The signal that asks a handler to end [default: TERM]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l stop-timeout -d 'How long it may take to end before it is killed [default: 8s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l debounce -d 'Quiet time before a batch is handed over [default: 100ms]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l max-delay -d 'The longest time that a batch waits for quiet [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l splay -d 'Let each batch wait a random part of this, so that a fleet does not reload at once' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l stdin -d 'What the handler reads: json, consul (what `consul watch` gives) or none [default: json]' -r -f -a "json\t'The batch as one JSON document'
consul\t'The state as `consul watch` gives it'
none\t'Nothing'"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l http-addr -d 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l token -d 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l datacenter -d 'Datacenter to ask [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l namespace -d 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l partition -d 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l connect-timeout -d 'How long connecting may take [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l request-timeout -d 'How long an answer may take; a blocking query adds its own wait [default: 30s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l retry-for -d 'How long failed reads are tried again, 0 for never [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l exact-key -d 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l locks -d 'Taking and releasing a lock is a change too'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l once -d 'End after one batch of changes; the initial one counts'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l explain -d 'Say on stderr what becomes of each wake-up, a line each'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l state-values -d 'Keep values too, so that an update shows the old one after a restart; without this only keyed hashes of them are kept'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l accept-reset -d 'Believe a Consul that looks reset: empty, with an index below the remembered one'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l each -d 'One run a changed key instead of one a batch, none for the initial state'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l pass-token -d 'Let the handler see the Consul token and CONSUL_HTTP_AUTH'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l stale -d 'Let any server answer reads, with what it knows'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l consistent -d 'Have the leader make sure that it still leads before it answers reads'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l absent -d 'KEY must not exist; can be repeated' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l equals -d 'KEY must have exactly this value; can be repeated' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l not-equals -d 'KEY must have another value than this, or none; can be repeated' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l matches -d 'KEY must have a value in which REGEX is found; can be repeated' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l changed-since -d 'KEY must be written after this modify index, or deleted if that is not 0; can be repeated' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l timeout -d 'Give up after this time; 0 is one look [default: never]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -s o -l output -d 'Print the entries of the keys that exist, as text or json, or in json what does not hold' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l http-addr -d 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l token -d 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l datacenter -d 'Datacenter to ask [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l namespace -d 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l partition -d 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l connect-timeout -d 'How long connecting may take [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l request-timeout -d 'How long an answer may take; a blocking query adds its own wait [default: 30s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l retry-for -d 'How long failed reads are tried again, 0 for never [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l any -d 'One condition is enough'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l exact-key -d 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l stale -d 'Let any server answer reads, with what it knows'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l consistent -d 'Have the leader make sure that it still leads before it answers reads'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -s o -l output -d 'How to print it: text, json or jsonl [default: text]' -r -f -a "text\t''
json\t''
jsonl\t''"
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l http-addr -d 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l token -d 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l datacenter -d 'Datacenter to ask [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l namespace -d 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l partition -d 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l connect-timeout -d 'How long connecting may take [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l request-timeout -d 'How long an answer may take; a blocking query adds its own wait [default: 30s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l retry-for -d 'How long failed reads are tried again, 0 for never [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand ls" -s l -l long -d 'Read the level\'s keys too: size, index, flags and session'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l exact-key -d 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l stale -d 'Let any server answer reads, with what it knows'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l consistent -d 'Have the leader make sure that it still leads before it answers reads'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l depth -d 'How many levels to show; deeper ones are counted [default: all]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -s o -l output -d 'How to print it: text or json [default: text]' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l http-addr -d 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l token -d 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l datacenter -d 'Datacenter to ask [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l namespace -d 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l partition -d 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l connect-timeout -d 'How long connecting may take [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l request-timeout -d 'How long an answer may take; a blocking query adds its own wait [default: 30s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l retry-for -d 'How long failed reads are tried again, 0 for never [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l du -d 'Add sizes, which takes reading all values'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l exact-key -d 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l stale -d 'Let any server answer reads, with what it knows'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l consistent -d 'Have the leader make sure that it still leads before it answers reads'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l output-file -d 'Write to FILE, which is replaced only when the document is complete' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand export" -s o -l output -d 'How to print it: json (as consul kv export), jsonl (entries with all fields) or consul (as its API) [default: json]' -r -f -a "text\t''
json\t''
jsonl\t''
consul\t''"
complete -c kvw -n "__fish_kvw_using_subcommand export" -l http-addr -d 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand export" -l token -d 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l datacenter -d 'Datacenter to ask [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l namespace -d 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l partition -d 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l connect-timeout -d 'How long connecting may take [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l request-timeout -d 'How long an answer may take; a blocking query adds its own wait [default: 30s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l retry-for -d 'How long failed reads are tried again, 0 for never [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand export" -l allow-filtered -d 'Take what the token may read for the whole'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l exact-key -d 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l stale -d 'Let any server answer reads, with what it knows'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l consistent -d 'Have the leader make sure that it still leads before it answers reads'
complete -c kvw -n "__fish_kvw_using_subcommand export" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand export" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l prefix -d 'Put P in front of each key' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l strip -d 'Take P off each key, before --prefix' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l parallel -d 'How many transactions may be under way at once [default: 1]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l rate -d 'Write at most N keys a second' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -s o -l output -d 'How to print it: text (nothing) or json [default: text]' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand import" -l http-addr -d 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand import" -l token -d 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l datacenter -d 'Datacenter to ask [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l namespace -d 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l partition -d 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l connect-timeout -d 'How long connecting may take [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l request-timeout -d 'How long an answer may take; a blocking query adds its own wait [default: 30s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l retry-for -d 'How long failed reads are tried again, 0 for never [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand import" -l create-only -d 'Write only keys that do not exist'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l dry-run -d 'List the keys that would be written, and write nothing'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l atomic -d 'All in one transaction or nothing, as far as the server\'s limits go'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l stale -d 'Let any server answer reads, with what it knows'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l consistent -d 'Have the leader make sure that it still leads before it answers reads'
complete -c kvw -n "__fish_kvw_using_subcommand import" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand import" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand status" -l wait -d 'Wait this long for a leader [default: do not wait]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -s o -l output -d 'How to print it: text or json [default: text]' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand status" -l http-addr -d 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand status" -l token -d 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l datacenter -d 'Datacenter to ask [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l namespace -d 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l partition -d 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l connect-timeout -d 'How long connecting may take [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l request-timeout -d 'How long an answer may take; a blocking query adds its own wait [default: 30s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l retry-for -d 'How long failed reads are tried again, 0 for never [default: 5s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand status" -l stale -d 'Let any server answer reads, with what it knows'
complete -c kvw -n "__fish_kvw_using_subcommand status" -l consistent -d 'Have the leader make sure that it still leads before it answers reads'
complete -c kvw -n "__fish_kvw_using_subcommand status" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand status" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand dev" -l listen -d 'Where to listen; port 0 takes a free one [default: 127.0.0.1:8500, a free port with CMD]' -r
complete -c kvw -n "__fish_kvw_using_subcommand dev" -l load -d 'Start with the entries of FILE, as `export` writes them' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand dev" -l prefix -d 'Put P in front of each loaded key' -r
complete -c kvw -n "__fish_kvw_using_subcommand dev" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand dev" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand dev" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand dev" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand completions" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand completions" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand completions" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand completions" -s h -l help -d 'Print help'
complete -c kvw -n "__fish_kvw_using_subcommand man" -l color -d 'When to use colour [default: auto]' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand man" -s q -l quiet -d 'Print no status lines on stderr; warnings and errors stay'
complete -c kvw -n "__fish_kvw_using_subcommand man" -s v -l verbose -d 'Show each request on stderr, never the token'
complete -c kvw -n "__fish_kvw_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "get" -d 'Print the value of a key'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "put" -d 'Write a value to a key'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "delete" -d 'Delete keys'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "txn" -d 'Run operations all or nothing'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "watch" -d 'Print changes as they happen, or run a handler on them'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "wait" -d 'Wait until keys are as they should be'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "ls" -d 'List one level of keys and folders'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "tree" -d 'Show keys as a tree, with how many there are below each folder'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "export" -d 'Print all entries as a document that import takes'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "import" -d 'Write all entries of a document'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "status" -d 'Say whether Consul is there and led'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "dev" -d 'Run an embedded in-memory agent for trying and testing'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "completions" -d 'Print the completion script for a shell'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "man" -d 'Print the manual page, or write all pages to a folder'
complete -c kvw -n "__fish_kvw_using_subcommand help; and not __fish_seen_subcommand_from get put delete txn watch wait ls tree export import status dev completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'

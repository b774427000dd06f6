
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'kvw' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'kvw'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'kvw' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Print the value of a key')
            [CompletionResult]::new('put', 'put', [CompletionResultType]::ParameterValue, 'Write a value to a key')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete keys')
            [CompletionResult]::new('txn', 'txn', [CompletionResultType]::ParameterValue, 'Run operations all or nothing')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Print changes as they happen, or run a handler on them')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait until keys are as they should be')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List one level of keys and folders')
            [CompletionResult]::new('tree', 'tree', [CompletionResultType]::ParameterValue, 'Show keys as a tree, with how many there are below each folder')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print all entries as a document that import takes')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Write all entries of a document')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Say whether Consul is there and led')
            [CompletionResult]::new('dev', 'dev', [CompletionResultType]::ParameterValue, 'Run an embedded in-memory agent for trying and testing')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write all pages to a folder')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kvw;get' {
            [CompletionResult]::new('--separator', '--separator', [CompletionResultType]::ParameterName, 'Where --keys cuts names, '''' for nowhere [default: /]')
            [CompletionResult]::new('--default', '--default', [CompletionResultType]::ParameterName, 'What to print for a missing key, with exit 0')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print it: text, json, jsonl, raw (exact bytes) or consul (its own JSON) [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print it: text, json, jsonl, raw (exact bytes) or consul (its own JSON) [default: text]')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to ask [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take [default: 5s]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'How long an answer may take; a blocking query adds its own wait [default: 30s]')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long failed reads are tried again, 0 for never [default: 5s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('--recurse', '--recurse', [CompletionResultType]::ParameterName, 'Print all entries whose keys begin with KEY')
            [CompletionResult]::new('--keys', '--keys', [CompletionResultType]::ParameterName, 'Print only names, cut behind the first separator after KEY; with --recurse uncut')
            [CompletionResult]::new('--detailed', '--detailed', [CompletionResultType]::ParameterName, 'Print all fields')
            [CompletionResult]::new('--base64', '--base64', [CompletionResultType]::ParameterName, 'Print values in base64')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Let any server answer reads, with what it knows')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Have the leader make sure that it still leads before it answers reads')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;put' {
            [CompletionResult]::new('--modify-index', '--modify-index', [CompletionResultType]::ParameterName, 'The index for --cas, as get -o json shows it')
            [CompletionResult]::new('--flags', '--flags', [CompletionResultType]::ParameterName, 'The caller''s 64 bits beside the value [default: 0, as every write of Consul''s sets them]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'The session for --acquire and --release')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print it: text (nothing) or json (the entry as it now stands) [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print it: text (nothing) or json (the entry as it now stands) [default: text]')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to ask [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take [default: 5s]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'How long an answer may take; a blocking query adds its own wait [default: 30s]')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long failed reads are tried again, 0 for never [default: 5s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('--literal', '--literal', [CompletionResultType]::ParameterName, 'Take VALUE as it stands: @FILE and - are no files')
            [CompletionResult]::new('--base64', '--base64', [CompletionResultType]::ParameterName, 'Decode VALUE from base64 first')
            [CompletionResult]::new('--cas', '--cas', [CompletionResultType]::ParameterName, 'Write only if the key was last changed at --modify-index (0: does not exist)')
            [CompletionResult]::new('--create', '--create', [CompletionResultType]::ParameterName, 'Write only if the key does not exist')
            [CompletionResult]::new('--keep-flags', '--keep-flags', [CompletionResultType]::ParameterName, 'Leave the flags as they are')
            [CompletionResult]::new('--acquire', '--acquire', [CompletionResultType]::ParameterName, 'Take the lock of the key for --session')
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'Give the lock of the key back; without VALUE value and flags stay')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Let any server answer reads, with what it knows')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Have the leader make sure that it still leads before it answers reads')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;delete' {
            [CompletionResult]::new('--modify-index', '--modify-index', [CompletionResultType]::ParameterName, 'The index for --cas, as get -o json shows it')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print it: text (nothing) or json [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print it: text (nothing) or json [default: text]')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to ask [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take [default: 5s]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'How long an answer may take; a blocking query adds its own wait [default: 30s]')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long failed reads are tried again, 0 for never [default: 5s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('--recurse', '--recurse', [CompletionResultType]::ParameterName, 'Delete everything that begins with KEY')
            [CompletionResult]::new('--prefix-match', '--prefix-match', [CompletionResultType]::ParameterName, 'Delete everything that begins with a prefix which does not end in /, neighbours included')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Delete the whole store')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask before a recursive delete')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask before a recursive delete')
            [CompletionResult]::new('--cas', '--cas', [CompletionResultType]::ParameterName, 'Delete only if the key was last changed at --modify-index; exit 1 if not')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'List what would be deleted, and delete nothing')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Let any server answer reads, with what it knows')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Have the leader make sure that it still leads before it answers reads')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;txn' {
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Read the operations from a file')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print it: text (what was read, key:value a line) or json [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print it: text (what was read, key:value a line) or json [default: text]')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to ask [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take [default: 5s]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'How long an answer may take; a blocking query adds its own wait [default: 30s]')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long failed reads are tried again, 0 for never [default: 5s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('--prefix-match', '--prefix-match', [CompletionResultType]::ParameterName, 'Delete everything that begins with a prefix which does not end in /, neighbours included')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Delete the whole store')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Let any server answer reads, with what it knows')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Have the leader make sure that it still leads before it answers reads')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;watch' {
            [CompletionResult]::new('--prefix', '--prefix', [CompletionResultType]::ParameterName, 'Watch all keys that begin with P, whether it ends in / or not; '''' is all; can be repeated')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Watch the key K, also one that ends in /; can be repeated')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Only keys that match GLOB: * stops at /, ** does not; can be repeated')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'No keys that match GLOB, even if included; can be repeated')
            [CompletionResult]::new('--initial', '--initial', [CompletionResultType]::ParameterName, 'What is there at the start: run tells it as created, skip says nothing, if-changed tells what differs from what was handled [default: if-changed with --state, else run with a handler and skip without]')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'End after N batches')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'End after this time; with --once or --count and too little to tell until then the exit code is 1')
            [CompletionResult]::new('--longest-wait', '--longest-wait', [CompletionResultType]::ParameterName, 'For tests: how long Consul may hold an answer')
            [CompletionResult]::new('--walk-from', '--walk-from', [CompletionResultType]::ParameterName, 'For tests: from how many keys on a prefix is walked')
            [CompletionResult]::new('--max-outage', '--max-outage', [CompletionResultType]::ParameterName, 'End when Consul cannot be seen for this long: exit 3, or 4 for lost rights [default: never]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print changes as text or jsonl, also with a handler, whose stdout then goes to stderr [default: text without a handler]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print changes as text or jsonl, also with a handler, whose stdout then goes to stderr [default: text without a handler]')
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'With -o jsonl: print changes, or all events: first looks, outages, lost rights, deletes held back, runs of handlers too [default: changes]')
            [CompletionResult]::new('--status-file', '--status-file', [CompletionResultType]::ParameterName, 'Keep in FILE, as JSON, how the watch stands: last contact, index, outages, last runs, lag')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep in FILE what was handled: after a restart only what changed since is told, deletes included')
            [CompletionResult]::new('--max-delete', '--max-delete', [CompletionResultType]::ParameterName, 'Hold more deletes at once than this back, until the keys return or a restart allows more')
            [CompletionResult]::new('--exec', '--exec', [CompletionResultType]::ParameterName, 'Run this line with sh -c on each batch of changes')
            [CompletionResult]::new('--route', '--route', [CompletionResultType]::ParameterName, 'Run CMD (with sh -c) on the keys that GLOB matches; can be repeated, the first that matches takes a key, --exec takes what is left')
            [CompletionResult]::new('--on-busy', '--on-busy', [CompletionResultType]::ParameterName, 'For changes while the handler runs: queue, restart, signal or drop [default: queue]')
            [CompletionResult]::new('--signal', '--signal', [CompletionResultType]::ParameterName, 'The signal of --on-busy signal [default: HUP]')
            [CompletionResult]::new('--on-fail', '--on-fail', [CompletionResultType]::ParameterName, 'When the handler fails: continue, retry, exit or ignore [default: continue]')
            [CompletionResult]::new('--handler-timeout', '--handler-timeout', [CompletionResultType]::ParameterName, 'Stop a run that takes longer, and count it as failed [default: none]')
            [CompletionResult]::new('--stop-signal', '--stop-signal', [CompletionResultType]::ParameterName, 'The signal that asks a handler to end [default: TERM]')
            [CompletionResult]::new('--stop-timeout', '--stop-timeout', [CompletionResultType]::ParameterName, 'How long it may take to end before it is killed [default: 8s]')
            [CompletionResult]::new('--debounce', '--debounce', [CompletionResultType]::ParameterName, 'Quiet time before a batch is handed over [default: 100ms]')
            [CompletionResult]::new('--max-delay', '--max-delay', [CompletionResultType]::ParameterName, 'The longest time that a batch waits for quiet [default: 5s]')
            [CompletionResult]::new('--splay', '--splay', [CompletionResultType]::ParameterName, 'Let each batch wait a random part of this, so that a fleet does not reload at once')
            [CompletionResult]::new('--stdin', '--stdin', [CompletionResultType]::ParameterName, 'What the handler reads: json, consul (what `consul watch` gives) or none [default: json]')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to ask [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take [default: 5s]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'How long an answer may take; a blocking query adds its own wait [default: 30s]')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long failed reads are tried again, 0 for never [default: 5s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)')
            [CompletionResult]::new('--locks', '--locks', [CompletionResultType]::ParameterName, 'Taking and releasing a lock is a change too')
            [CompletionResult]::new('--once', '--once', [CompletionResultType]::ParameterName, 'End after one batch of changes; the initial one counts')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Say on stderr what becomes of each wake-up, a line each')
            [CompletionResult]::new('--state-values', '--state-values', [CompletionResultType]::ParameterName, 'Keep values too, so that an update shows the old one after a restart; without this only keyed hashes of them are kept')
            [CompletionResult]::new('--accept-reset', '--accept-reset', [CompletionResultType]::ParameterName, 'Believe a Consul that looks reset: empty, with an index below the remembered one')
            [CompletionResult]::new('--each', '--each', [CompletionResultType]::ParameterName, 'One run a changed key instead of one a batch, none for the initial state')
            [CompletionResult]::new('--pass-token', '--pass-token', [CompletionResultType]::ParameterName, 'Let the handler see the Consul token and CONSUL_HTTP_AUTH')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Let any server answer reads, with what it knows')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Have the leader make sure that it still leads before it answers reads')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;wait' {
            [CompletionResult]::new('--absent', '--absent', [CompletionResultType]::ParameterName, 'KEY must not exist; can be repeated')
            [CompletionResult]::new('--equals', '--equals', [CompletionResultType]::ParameterName, 'KEY must have exactly this value; can be repeated')
            [CompletionResult]::new('--not-equals', '--not-equals', [CompletionResultType]::ParameterName, 'KEY must have another value than this, or none; can be repeated')
            [CompletionResult]::new('--matches', '--matches', [CompletionResultType]::ParameterName, 'KEY must have a value in which REGEX is found; can be repeated')
            [CompletionResult]::new('--changed-since', '--changed-since', [CompletionResultType]::ParameterName, 'KEY must be written after this modify index, or deleted if that is not 0; can be repeated')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up after this time; 0 is one look [default: never]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the entries of the keys that exist, as text or json, or in json what does not hold')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the entries of the keys that exist, as text or json, or in json what does not hold')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to ask [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take [default: 5s]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'How long an answer may take; a blocking query adds its own wait [default: 30s]')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long failed reads are tried again, 0 for never [default: 5s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('--any', '--any', [CompletionResultType]::ParameterName, 'One condition is enough')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Let any server answer reads, with what it knows')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Have the leader make sure that it still leads before it answers reads')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;ls' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print it: text, json or jsonl [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print it: text, json or jsonl [default: text]')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to ask [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take [default: 5s]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'How long an answer may take; a blocking query adds its own wait [default: 30s]')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long failed reads are tried again, 0 for never [default: 5s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Read the level''s keys too: size, index, flags and session')
            [CompletionResult]::new('--long', '--long', [CompletionResultType]::ParameterName, 'Read the level''s keys too: size, index, flags and session')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Let any server answer reads, with what it knows')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Have the leader make sure that it still leads before it answers reads')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;tree' {
            [CompletionResult]::new('--depth', '--depth', [CompletionResultType]::ParameterName, 'How many levels to show; deeper ones are counted [default: all]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print it: text or json [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print it: text or json [default: text]')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to ask [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take [default: 5s]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'How long an answer may take; a blocking query adds its own wait [default: 30s]')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long failed reads are tried again, 0 for never [default: 5s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('--du', '--du', [CompletionResultType]::ParameterName, 'Add sizes, which takes reading all values')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Let any server answer reads, with what it knows')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Have the leader make sure that it still leads before it answers reads')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;export' {
            [CompletionResult]::new('--output-file', '--output-file', [CompletionResultType]::ParameterName, 'Write to FILE, which is replaced only when the document is complete')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print it: json (as consul kv export), jsonl (entries with all fields) or consul (as its API) [default: json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print it: json (as consul kv export), jsonl (entries with all fields) or consul (as its API) [default: json]')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to ask [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take [default: 5s]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'How long an answer may take; a blocking query adds its own wait [default: 30s]')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long failed reads are tried again, 0 for never [default: 5s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('--allow-filtered', '--allow-filtered', [CompletionResultType]::ParameterName, 'Take what the token may read for the whole')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Take keys as they stand, also those that other clients of Consul cannot reach (a leading /, //, . or .. as a segment, control characters)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Let any server answer reads, with what it knows')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Have the leader make sure that it still leads before it answers reads')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;import' {
            [CompletionResult]::new('--prefix', '--prefix', [CompletionResultType]::ParameterName, 'Put P in front of each key')
            [CompletionResult]::new('--strip', '--strip', [CompletionResultType]::ParameterName, 'Take P off each key, before --prefix')
            [CompletionResult]::new('--parallel', '--parallel', [CompletionResultType]::ParameterName, 'How many transactions may be under way at once [default: 1]')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Write at most N keys a second')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print it: text (nothing) or json [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print it: text (nothing) or json [default: text]')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to ask [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take [default: 5s]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'How long an answer may take; a blocking query adds its own wait [default: 30s]')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long failed reads are tried again, 0 for never [default: 5s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('--create-only', '--create-only', [CompletionResultType]::ParameterName, 'Write only keys that do not exist')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'List the keys that would be written, and write nothing')
            [CompletionResult]::new('--atomic', '--atomic', [CompletionResultType]::ParameterName, 'All in one transaction or nothing, as far as the server''s limits go')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Let any server answer reads, with what it knows')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Have the leader make sure that it still leads before it answers reads')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;status' {
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait this long for a leader [default: do not wait]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print it: text or json [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print it: text or json [default: text]')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token; others on this machine can see it in the list of processes, so prefer a file or the environment [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to ask [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace, in Consul Enterprise [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition, in Consul Enterprise [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take [default: 5s]')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'How long an answer may take; a blocking query adds its own wait [default: 30s]')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long failed reads are tried again, 0 for never [default: 5s]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Let any server answer reads, with what it knows')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Have the leader make sure that it still leads before it answers reads')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;dev' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Where to listen; port 0 takes a free one [default: 127.0.0.1:8500, a free port with CMD]')
            [CompletionResult]::new('--load', '--load', [CompletionResultType]::ParameterName, 'Start with the entries of FILE, as `export` writes them')
            [CompletionResult]::new('--prefix', '--prefix', [CompletionResultType]::ParameterName, 'Put P in front of each loaded key')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kvw;man' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour [default: auto]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status lines on stderr; warnings and errors stay')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, never the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;help' {
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Print the value of a key')
            [CompletionResult]::new('put', 'put', [CompletionResultType]::ParameterValue, 'Write a value to a key')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete keys')
            [CompletionResult]::new('txn', 'txn', [CompletionResultType]::ParameterValue, 'Run operations all or nothing')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Print changes as they happen, or run a handler on them')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait until keys are as they should be')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List one level of keys and folders')
            [CompletionResult]::new('tree', 'tree', [CompletionResultType]::ParameterValue, 'Show keys as a tree, with how many there are below each folder')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print all entries as a document that import takes')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Write all entries of a document')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Say whether Consul is there and led')
            [CompletionResult]::new('dev', 'dev', [CompletionResultType]::ParameterValue, 'Run an embedded in-memory agent for trying and testing')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write all pages to a folder')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kvw;help;get' {
            break
        }
        'kvw;help;put' {
            break
        }
        'kvw;help;delete' {
            break
        }
        'kvw;help;txn' {
            break
        }
        'kvw;help;watch' {
            break
        }
        'kvw;help;wait' {
            break
        }
        'kvw;help;ls' {
            break
        }
        'kvw;help;tree' {
            break
        }
        'kvw;help;export' {
            break
        }
        'kvw;help;import' {
            break
        }
        'kvw;help;status' {
            break
        }
        'kvw;help;dev' {
            break
        }
        'kvw;help;completions' {
            break
        }
        'kvw;help;man' {
            break
        }
        'kvw;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}


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
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Print the value of a key')
            [CompletionResult]::new('put', 'put', [CompletionResultType]::ParameterValue, 'Write a value to a key')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete keys')
            [CompletionResult]::new('txn', 'txn', [CompletionResultType]::ParameterValue, 'Run operations in one transaction')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Print changes as they happen, or run a handler on them')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait until conditions on keys hold')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a program with keys in its environment')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List one level of keys and folders')
            [CompletionResult]::new('tree', 'tree', [CompletionResultType]::ParameterValue, 'Show keys as a tree, with key counts per folder')
            [CompletionResult]::new('env', 'env', [CompletionResultType]::ParameterValue, 'Print keys as environment variables')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Export entries as a document for import')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Import the entries of a document')
            [CompletionResult]::new('lock', 'lock', [CompletionResultType]::ParameterValue, 'Run a command while holding a lock')
            [CompletionResult]::new('elect', 'elect', [CompletionResultType]::ParameterValue, 'Run a command on the leader that is elected, or show the leader')
            [CompletionResult]::new('session', 'session', [CompletionResultType]::ParameterValue, 'List, create, renew and destroy sessions, the holders of locks')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Check that Consul is reachable and has a leader')
            [CompletionResult]::new('dev', 'dev', [CompletionResultType]::ParameterValue, 'Run an embedded in-memory agent for experiments and tests')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write all pages to a folder')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kvw;get' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--separator', '--separator', [CompletionResultType]::ParameterName, 'Separator at which --keys cuts names; '''' for whole names')
            [CompletionResult]::new('--default', '--default', [CompletionResultType]::ParameterName, 'Print VALUE for a missing key, and exit with 0')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format; raw is the exact bytes, consul the JSON of Consul''s API')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format; raw is the exact bytes, consul the JSON of Consul''s API')
            [CompletionResult]::new('--fallback', '--fallback', [CompletionResultType]::ParameterName, 'Keep the answer in FILE, and use it if Consul cannot be reached')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'Use no kept answer that is older than this [default: no limit]')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--recurse', '--recurse', [CompletionResultType]::ParameterName, 'Print all entries whose keys start with KEY')
            [CompletionResult]::new('--keys', '--keys', [CompletionResultType]::ParameterName, 'Print only key names, up to and including the first separator after KEY')
            [CompletionResult]::new('--detailed', '--detailed', [CompletionResultType]::ParameterName, 'Print all fields')
            [CompletionResult]::new('--base64', '--base64', [CompletionResultType]::ParameterName, 'Print values in base64')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'End each value with a newline where it has none')
            [CompletionResult]::new('--newline', '--newline', [CompletionResultType]::ParameterName, 'End each value with a newline where it has none')
            [CompletionResult]::new('--relative', '--relative', [CompletionResultType]::ParameterName, 'Print keys without the prefix KEY; with --recurse or --keys')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Print raw bytes that could control the terminal')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Allow keys that other clients cannot address (leading /, //, …)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;put' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--modify-index', '--modify-index', [CompletionResultType]::ParameterName, 'Index for --cas, as shown by get -o json')
            [CompletionResult]::new('--flags', '--flags', [CompletionResultType]::ParameterName, 'Application-defined 64-bit number stored with the value [default: 0]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session for --acquire and --release')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format; json prints the written entry')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format; json prints the written entry')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--literal', '--literal', [CompletionResultType]::ParameterName, 'Do not treat @FILE and - specially')
            [CompletionResult]::new('--base64', '--base64', [CompletionResultType]::ParameterName, 'Decode VALUE from base64 first')
            [CompletionResult]::new('--cas', '--cas', [CompletionResultType]::ParameterName, 'Write only if the key is unchanged since --modify-index')
            [CompletionResult]::new('--create', '--create', [CompletionResultType]::ParameterName, 'Write only if the key does not exist')
            [CompletionResult]::new('--keep-flags', '--keep-flags', [CompletionResultType]::ParameterName, 'Keep the flags of the existing key')
            [CompletionResult]::new('--acquire', '--acquire', [CompletionResultType]::ParameterName, 'Acquire the lock of the key for --session; without VALUE, value and flags are kept')
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'Release the lock of the key; without VALUE, value and flags are kept')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Allow keys that other clients cannot address (leading /, //, …)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;delete' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--modify-index', '--modify-index', [CompletionResultType]::ParameterName, 'Index for --cas, as shown by get -o json')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--recurse', '--recurse', [CompletionResultType]::ParameterName, 'Delete all keys that start with KEY')
            [CompletionResult]::new('--prefix-match', '--prefix-match', [CompletionResultType]::ParameterName, 'Allow a prefix that does not end in /, and so matches more than a folder')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Allow deleting the whole store')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask for confirmation of a recursive delete')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask for confirmation of a recursive delete')
            [CompletionResult]::new('--cas', '--cas', [CompletionResultType]::ParameterName, 'Delete only if the key is unchanged since --modify-index, else exit with 1')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'List the keys that would be deleted, and delete nothing')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Allow keys that other clients cannot address (leading /, //, …)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;txn' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Read operations from a file, or - for stdin: one per line, or JSON')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format; text prints the entries read, as key:value')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format; text prints the entries read, as key:value')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--prefix-match', '--prefix-match', [CompletionResultType]::ParameterName, 'Allow a prefix that does not end in /, and so matches more than a folder')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Allow deleting the whole store')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Allow keys that other clients cannot address (leading /, //, …)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;watch' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--prefix', '--prefix', [CompletionResultType]::ParameterName, 'Watch all keys that start with P, which need not end in /; '''' for all; repeatable')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Watch key K, which may end in /; repeatable')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Report only keys that match GLOB in full; repeatable')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Do not report keys that match GLOB in full; repeatable')
            [CompletionResult]::new('--initial', '--initial', [CompletionResultType]::ParameterName, 'Existing keys at startup: run, skip, if-changed')
            [CompletionResult]::new('--exec', '--exec', [CompletionResultType]::ParameterName, 'Run CMD with sh -c on each batch (-- CMD: no shell)')
            [CompletionResult]::new('--route', '--route', [CompletionResultType]::ParameterName, 'Run CMD on keys that match GLOB; repeatable')
            [CompletionResult]::new('--debounce', '--debounce', [CompletionResultType]::ParameterName, 'Quiet time that ends a batch [default: 100ms]')
            [CompletionResult]::new('--min-interval', '--min-interval', [CompletionResultType]::ParameterName, 'Run or signal the handler at most once in this time')
            [CompletionResult]::new('--max-delay', '--max-delay', [CompletionResultType]::ParameterName, 'Longest time that a batch waits for quiet [default: 5s, or --debounce if longer]')
            [CompletionResult]::new('--splay', '--splay', [CompletionResultType]::ParameterName, 'Delay each batch by a random time up to this')
            [CompletionResult]::new('--on-busy', '--on-busy', [CompletionResultType]::ParameterName, 'While busy: queue (default), restart, signal, drop')
            [CompletionResult]::new('--signal', '--signal', [CompletionResultType]::ParameterName, 'Signal of --on-busy signal [default: HUP]')
            [CompletionResult]::new('--on-fail', '--on-fail', [CompletionResultType]::ParameterName, 'On failure: continue (default), retry, exit, ignore')
            [CompletionResult]::new('--on-exit', '--on-exit', [CompletionResultType]::ParameterName, 'When a service of --on-busy restart ends by itself or cannot be started: - exit (default): Exit with the status of the service, 0 included - restart: Start it again after a back-off - wait: Wait for the next batch, with nothing running')
            [CompletionResult]::new('--handler-timeout', '--handler-timeout', [CompletionResultType]::ParameterName, 'Stop a run that takes longer than this, and count it as failed [default: no limit]')
            [CompletionResult]::new('--stop-signal', '--stop-signal', [CompletionResultType]::ParameterName, 'Signal that asks a handler to stop')
            [CompletionResult]::new('--linger', '--linger', [CompletionResultType]::ParameterName, 'Time for processes that a handler left behind to end by themselves')
            [CompletionResult]::new('--daemons', '--daemons', [CompletionResultType]::ParameterName, 'Processes that a handler put outside its process group, by setsid, setpgid or a double fork: - keep (default): It was started on purpose and lives on, while kvw runs and after - end: It ends with its run: before the next one, and when kvw ends  Under --on-busy restart the default is end. Such a process has --linger to end by itself, or gets TERM once the group of a stopped run is gone, and KILL after --stop-timeout. After a kill -9 of kvw those that it had seen are killed; one started in the last half second may be missed. Linux only. Under systemd the cgroup of the unit does the rest.')
            [CompletionResult]::new('--stop-timeout', '--stop-timeout', [CompletionResultType]::ParameterName, 'Time after --stop-signal until a handler is killed')
            [CompletionResult]::new('--stdin', '--stdin', [CompletionResultType]::ParameterName, 'Input of the handler')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Exit after N batches')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'Exit after this time; 0 checks once')
            [CompletionResult]::new('--walk-from', '--walk-from', [CompletionResultType]::ParameterName, 'For tests: the number of keys from which a prefix is walked')
            [CompletionResult]::new('--max-outage', '--max-outage', [CompletionResultType]::ParameterName, 'Exit after an outage of this length: with 3, or 4 for lost permissions [default: never]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep the handled state in FILE, across restarts')
            [CompletionResult]::new('--max-delete', '--max-delete', [CompletionResultType]::ParameterName, 'Hold back larger bursts of deletes until the keys return or kvw restarts')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print changes as text or jsonl')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print changes as text or jsonl')
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Events to print with -o jsonl [default: changes]')
            [CompletionResult]::new('--status-file', '--status-file', [CompletionResultType]::ParameterName, 'Keep the status of the watch in FILE, as JSON')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Longest time that Consul may hold a query')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Allow keys that other clients cannot address (leading /, //, …)')
            [CompletionResult]::new('--locks', '--locks', [CompletionResultType]::ParameterName, 'Report acquired and released locks as changes')
            [CompletionResult]::new('--each', '--each', [CompletionResultType]::ParameterName, 'Run once per changed key, not once per batch, and not for the initial state')
            [CompletionResult]::new('--pass-token', '--pass-token', [CompletionResultType]::ParameterName, 'Pass the Consul token and CONSUL_HTTP_AUTH to the handler')
            [CompletionResult]::new('--once', '--once', [CompletionResultType]::ParameterName, 'Exit after one batch of changes; the initial one counts')
            [CompletionResult]::new('--state-values', '--state-values', [CompletionResultType]::ParameterName, 'Keep values in the state file too, so that updates show the old value after a restart')
            [CompletionResult]::new('--accept-reset', '--accept-reset', [CompletionResultType]::ParameterName, 'Accept an emptied Consul whose index went backwards as real')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Explain each wake-up on stderr')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;wait' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--absent', '--absent', [CompletionResultType]::ParameterName, 'KEY must not exist; repeatable')
            [CompletionResult]::new('--equals', '--equals', [CompletionResultType]::ParameterName, 'The value of KEY must equal VALUE; repeatable')
            [CompletionResult]::new('--not-equals', '--not-equals', [CompletionResultType]::ParameterName, 'KEY must not exist or have another value; repeatable')
            [CompletionResult]::new('--matches', '--matches', [CompletionResultType]::ParameterName, 'The value of KEY must match REGEX; repeatable')
            [CompletionResult]::new('--changed-since', '--changed-since', [CompletionResultType]::ParameterName, 'KEY must be written after INDEX; repeatable')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Give up after this time; 0 checks once [default: wait forever]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Print the entries of the keys; json also prints the unmet conditions')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Print the entries of the keys; json also prints the unmet conditions')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Longest time that Consul may hold a query')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--any', '--any', [CompletionResultType]::ParameterName, 'Wait for one of the conditions instead of all')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Allow keys that other clients cannot address (leading /, //, …)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;run' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'Set NAME to the value of KEY; repeatable')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Take a single key, named by its last part; repeatable')
            [CompletionResult]::new('--names', '--names', [CompletionResultType]::ParameterName, 'Names from keys: upper (default), keep')
            [CompletionResult]::new('--rename', '--rename', [CompletionResultType]::ParameterName, 'Name the variable of KEY; repeatable')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Only keys that match GLOB in full; repeatable')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'No keys that match GLOB in full; repeatable')
            [CompletionResult]::new('--allow-env', '--allow-env', [CompletionResultType]::ParameterName, 'Allow a name such as PATH or LD_PRELOAD; repeatable')
            [CompletionResult]::new('--on-change', '--on-change', [CompletionResultType]::ParameterName, 'On a change: restart (default), signal, exec, exit, ignore')
            [CompletionResult]::new('--signal', '--signal', [CompletionResultType]::ParameterName, 'Signal of --on-change signal [default: HUP]')
            [CompletionResult]::new('--change-exec', '--change-exec', [CompletionResultType]::ParameterName, 'Command of --on-change exec, run with sh -c; changes meanwhile run it once more')
            [CompletionResult]::new('--write', '--write', [CompletionResultType]::ParameterName, 'Keep the variables in FILE, replaced on a change')
            [CompletionResult]::new('--debounce', '--debounce', [CompletionResultType]::ParameterName, 'Quiet time that ends a burst of changes')
            [CompletionResult]::new('--max-delay', '--max-delay', [CompletionResultType]::ParameterName, 'Longest time that a burst waits for quiet')
            [CompletionResult]::new('--splay', '--splay', [CompletionResultType]::ParameterName, 'Delay each reaction by a random time up to this')
            [CompletionResult]::new('--stop-signal', '--stop-signal', [CompletionResultType]::ParameterName, 'Signal that asks the program to stop')
            [CompletionResult]::new('--stop-timeout', '--stop-timeout', [CompletionResultType]::ParameterName, 'Time after --stop-signal until the program and all it has started are killed')
            [CompletionResult]::new('--fallback', '--fallback', [CompletionResultType]::ParameterName, 'Keep the answer in FILE, and use it if Consul cannot be reached')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'Use no kept answer that is older than this [default: no limit]')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Longest time that Consul may hold a query')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--allow-empty', '--allow-empty', [CompletionResultType]::ParameterName, 'Accept a prefix without keys')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Allow keys that other clients cannot address (leading /, //, …)')
            [CompletionResult]::new('--once', '--once', [CompletionResultType]::ParameterName, 'Do not watch for changes: --on-change ignore')
            [CompletionResult]::new('--pristine', '--pristine', [CompletionResultType]::ParameterName, 'Inherit nothing but PATH, HOME, TERM and the like')
            [CompletionResult]::new('--preserve-env', '--preserve-env', [CompletionResultType]::ParameterName, 'Variables that exist already win over keys')
            [CompletionResult]::new('--pass-token', '--pass-token', [CompletionResultType]::ParameterName, 'Pass the Consul token and CONSUL_HTTP_AUTH to the program')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;ls' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Show size, index, flags and session; reads the keys of the level')
            [CompletionResult]::new('--long', '--long', [CompletionResultType]::ParameterName, 'Show size, index, flags and session; reads the keys of the level')
            [CompletionResult]::new('--relative', '--relative', [CompletionResultType]::ParameterName, 'Print names without PREFIX')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Allow keys that other clients cannot address (leading /, //, …)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;tree' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--depth', '--depth', [CompletionResultType]::ParameterName, 'Levels to show; deeper keys are only counted [default: all]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--du', '--du', [CompletionResultType]::ParameterName, 'Show sizes; reads all values')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Allow keys that other clients cannot address (leading /, //, …)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;env' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'Set NAME to the value of KEY; repeatable')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Take a single key, named by its last part; repeatable')
            [CompletionResult]::new('--names', '--names', [CompletionResultType]::ParameterName, 'Names from keys: upper (default), keep')
            [CompletionResult]::new('--rename', '--rename', [CompletionResultType]::ParameterName, 'Name the variable of KEY; repeatable')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Only keys that match GLOB in full; repeatable')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'No keys that match GLOB in full; repeatable')
            [CompletionResult]::new('--allow-env', '--allow-env', [CompletionResultType]::ParameterName, 'Allow a name such as PATH or LD_PRELOAD; repeatable')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format: shell (default), env, docker, json, systemd, null')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format: shell (default), env, docker, json, systemd, null')
            [CompletionResult]::new('--fallback', '--fallback', [CompletionResultType]::ParameterName, 'Keep the answer in FILE, and use it if Consul cannot be reached')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'Use no kept answer that is older than this [default: no limit]')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--allow-empty', '--allow-empty', [CompletionResultType]::ParameterName, 'Accept a prefix without keys')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Allow keys that other clients cannot address (leading /, //, …)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;export' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--output-file', '--output-file', [CompletionResultType]::ParameterName, 'Write to FILE, which is replaced only when the export is complete')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format: json as consul kv export, jsonl with all fields, consul as its API')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format: json as consul kv export, jsonl with all fields, consul as its API')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--non-empty', '--non-empty', [CompletionResultType]::ParameterName, 'Fail with exit 1 if there is no key to export')
            [CompletionResult]::new('--allow-filtered', '--allow-filtered', [CompletionResultType]::ParameterName, 'Accept an export filtered by ACLs')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Allow keys that other clients cannot address (leading /, //, …)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;import' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--prefix', '--prefix', [CompletionResultType]::ParameterName, 'Prepend P to each key')
            [CompletionResult]::new('--strip', '--strip', [CompletionResultType]::ParameterName, 'Remove the prefix P from each key, before --prefix')
            [CompletionResult]::new('--parallel', '--parallel', [CompletionResultType]::ParameterName, 'Number of concurrent transactions')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Write at most N keys per second')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--create-only', '--create-only', [CompletionResultType]::ParameterName, 'Write only keys that do not exist')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'List the keys that would be written, and write nothing')
            [CompletionResult]::new('--keep-going', '--keep-going', [CompletionResultType]::ParameterName, 'Write the other keys if some are refused')
            [CompletionResult]::new('--ignore-namespace', '--ignore-namespace', [CompletionResultType]::ParameterName, 'Accept entries that name another namespace or partition')
            [CompletionResult]::new('--atomic', '--atomic', [CompletionResultType]::ParameterName, 'Write everything in one transaction, if it fits the server''s limits')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Allow keys that other clients cannot address (leading /, //, …)')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;lock' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--exec', '--exec', [CompletionResultType]::ParameterName, 'Line for sh -c to run')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait so long at most, then exit with 1 [default: wait forever]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Let up to N hold it at a time, as consul lock -n does')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Let up to N hold it at a time, as consul lock -n does')
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'Time to live of the session, from 10s to 24h')
            [CompletionResult]::new('--lock-delay', '--lock-delay', [CompletionResultType]::ParameterName, 'How long nobody can take the lock after its holder was lost, from 1s to 60s')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Use a session that somebody else keeps: nothing is renewed, and there is no deadline')
            [CompletionResult]::new('--value', '--value', [CompletionResultType]::ParameterName, 'Value of the key while it is locked [default: host, process id, command, time]')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the session [default: kvw lock KEY]')
            [CompletionResult]::new('--stop-signal', '--stop-signal', [CompletionResultType]::ParameterName, 'Signal that asks the command to end')
            [CompletionResult]::new('--stop-timeout', '--stop-timeout', [CompletionResultType]::ParameterName, 'Time from the signal to the kill')
            [CompletionResult]::new('--linger', '--linger', [CompletionResultType]::ParameterName, 'Time for what the command leaves in its group to end by itself')
            [CompletionResult]::new('--conflict-exit-code', '--conflict-exit-code', [CompletionResultType]::ParameterName, 'Exit code when the lock is not to be had')
            [CompletionResult]::new('--lost-exit-code', '--lost-exit-code', [CompletionResultType]::ParameterName, 'Exit code when the lock is lost [default: 3 in an outage, 1 if it was taken away]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Format of --show, and of the fence without a command')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Format of --show, and of the fence without a command')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--try', '--try', [CompletionResultType]::ParameterName, 'Exit with 1 if the lock is not free')
            [CompletionResult]::new('--health-check', '--health-check', [CompletionResultType]::ParameterName, 'Lose the lock also when the gossip layer takes the node for dead (serfHealth)')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Lock KEY itself, whatever its flags, instead of KEY/.lock')
            [CompletionResult]::new('--keep-key', '--keep-key', [CompletionResultType]::ParameterName, 'Leave the key, empty, after the release')
            [CompletionResult]::new('--pass-token', '--pass-token', [CompletionResultType]::ParameterName, 'Pass the token on to the command')
            [CompletionResult]::new('--show', '--show', [CompletionResultType]::ParameterName, 'Show who holds the lock; exit with 1 if nobody does')
            [CompletionResult]::new('--break', '--break', [CompletionResultType]::ParameterName, 'Take the lock away from its holder')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask for confirmation of --break')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask for confirmation of --break')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;elect' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--exec', '--exec', [CompletionResultType]::ParameterName, 'Line for sh -c to run as leader')
            [CompletionResult]::new('--value', '--value', [CompletionResultType]::ParameterName, 'Value of the key while this is the leader [default: the name of the host]')
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'Time to live of the session, from 10s to 24h')
            [CompletionResult]::new('--lock-delay', '--lock-delay', [CompletionResultType]::ParameterName, 'How long nobody can lead after a leader was lost, from 1s to 60s')
            [CompletionResult]::new('--stop-signal', '--stop-signal', [CompletionResultType]::ParameterName, 'Signal that asks the command to end')
            [CompletionResult]::new('--stop-timeout', '--stop-timeout', [CompletionResultType]::ParameterName, 'Time from the signal to the kill')
            [CompletionResult]::new('--linger', '--linger', [CompletionResultType]::ParameterName, 'Time for what the command leaves in its group to end by itself')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Format of --listen and --current')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Format of --listen and --current')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Print the leader at once, and a line at each change')
            [CompletionResult]::new('--current', '--current', [CompletionResultType]::ParameterName, 'Print the value of the leader; exit with 1 if there is none')
            [CompletionResult]::new('--pass-token', '--pass-token', [CompletionResultType]::ParameterName, 'Pass the token on to the command')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;session' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the sessions')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a session and the keys that it holds')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Create a session and print its id')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Renew a session: its TTL starts again')
            [CompletionResult]::new('destroy', 'destroy', [CompletionResultType]::ParameterValue, 'Destroy sessions and free the keys that they hold')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kvw;session;list' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--keys', '--keys', [CompletionResultType]::ParameterName, 'Find the keys that each session holds, for -o json; reads the whole store')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;session;show' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;session;create' {
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'Time to live, from 10s to 24h; Consul takes up to twice as long [default: none]')
            [CompletionResult]::new('--lock-delay', '--lock-delay', [CompletionResultType]::ParameterName, 'How long its keys cannot be locked after its end')
            [CompletionResult]::new('--behavior', '--behavior', [CompletionResultType]::ParameterName, 'What becomes of its keys when it ends')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name, for people')
            [CompletionResult]::new('--node', '--node', [CompletionResultType]::ParameterName, 'Node that it belongs to [default: the node of the agent]')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Check of the node that ends it when critical; repeatable [default: serfHealth]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format; json prints the session')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format; json prints the session')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--no-checks', '--no-checks', [CompletionResultType]::ParameterName, 'No check ends it')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;session;renew' {
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'Renew again and again, this often, until stopped or the session ends')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;session;destroy' {
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask for confirmation, and do not look for keys')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask for confirmation, and do not look for keys')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;session;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the sessions')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a session and the keys that it holds')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Create a session and print its id')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Renew a session: its TTL starts again')
            [CompletionResult]::new('destroy', 'destroy', [CompletionResultType]::ParameterValue, 'Destroy sessions and free the keys that they hold')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kvw;session;help;list' {
            break
        }
        'kvw;session;help;show' {
            break
        }
        'kvw;session;help;create' {
            break
        }
        'kvw;session;help;renew' {
            break
        }
        'kvw;session;help;destroy' {
            break
        }
        'kvw;session;help;help' {
            break
        }
        'kvw;status' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait up to this long for a leader [default: no wait]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output format')
            [CompletionResult]::new('--http-addr', '--http-addr', [CompletionResultType]::ParameterName, 'Address of the Consul agent: HOST:PORT or http://HOST:PORT/PATH [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'ACL token [env: CONSUL_HTTP_TOKEN]')
            [CompletionResult]::new('--datacenter', '--datacenter', [CompletionResultType]::ParameterName, 'Datacenter to query [default: the agent''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Time limit for connecting')
            [CompletionResult]::new('--request-timeout', '--request-timeout', [CompletionResultType]::ParameterName, 'Time limit for an answer; a blocking query adds its own wait time')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'Retry failed reads for this long; 0 disables retries')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--stale', '--stale', [CompletionResultType]::ParameterName, 'Allow stale reads from any server')
            [CompletionResult]::new('--consistent', '--consistent', [CompletionResultType]::ParameterName, 'Consistent reads: the leader confirms its leadership first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;dev' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Address to listen on, port 0 for a free one [default: 127.0.0.1:8500, or a free port with CMD]')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Most bytes to store, keys included; an answer may have twice as many')
            [CompletionResult]::new('--load', '--load', [CompletionResultType]::ParameterName, 'Load the entries of FILE, in the format of export, at startup')
            [CompletionResult]::new('--prefix', '--prefix', [CompletionResultType]::ParameterName, 'Prepend P to each loaded key')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--allow-public', '--allow-public', [CompletionResultType]::ParameterName, 'Allow --listen on an address that other machines can reach: they can read and write everything')
            [CompletionResult]::new('--exact-key', '--exact-key', [CompletionResultType]::ParameterName, 'Allow keys that other clients cannot address (leading /, //, …)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;man' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no status messages; warnings and errors remain')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each request on stderr, without the token')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kvw;help' {
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Print the value of a key')
            [CompletionResult]::new('put', 'put', [CompletionResultType]::ParameterValue, 'Write a value to a key')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete keys')
            [CompletionResult]::new('txn', 'txn', [CompletionResultType]::ParameterValue, 'Run operations in one transaction')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Print changes as they happen, or run a handler on them')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait until conditions on keys hold')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a program with keys in its environment')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List one level of keys and folders')
            [CompletionResult]::new('tree', 'tree', [CompletionResultType]::ParameterValue, 'Show keys as a tree, with key counts per folder')
            [CompletionResult]::new('env', 'env', [CompletionResultType]::ParameterValue, 'Print keys as environment variables')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Export entries as a document for import')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Import the entries of a document')
            [CompletionResult]::new('lock', 'lock', [CompletionResultType]::ParameterValue, 'Run a command while holding a lock')
            [CompletionResult]::new('elect', 'elect', [CompletionResultType]::ParameterValue, 'Run a command on the leader that is elected, or show the leader')
            [CompletionResult]::new('session', 'session', [CompletionResultType]::ParameterValue, 'List, create, renew and destroy sessions, the holders of locks')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Check that Consul is reachable and has a leader')
            [CompletionResult]::new('dev', 'dev', [CompletionResultType]::ParameterValue, 'Run an embedded in-memory agent for experiments and tests')
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
        'kvw;help;run' {
            break
        }
        'kvw;help;ls' {
            break
        }
        'kvw;help;tree' {
            break
        }
        'kvw;help;env' {
            break
        }
        'kvw;help;export' {
            break
        }
        'kvw;help;import' {
            break
        }
        'kvw;help;lock' {
            break
        }
        'kvw;help;elect' {
            break
        }
        'kvw;help;session' {
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

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

complete -c kvw -n "__fish_kvw_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_needs_command" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_needs_command" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_needs_command" -s V -l version -d 'Print version'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "get" -d 'Print the value of a key'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "put" -d 'Write a value to a key'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "edit" -d 'Edit a key, or all keys below a prefix, in an editor'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "delete" -d 'Delete keys'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "txn" -d 'Run operations in one transaction'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "cp" -d 'Copy a key, or all keys below a prefix'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "mv" -d 'Move a key, or all keys below a prefix'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "watch" -d 'Print changes as they happen, or run a handler on them'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "wait" -d 'Wait until conditions on keys hold'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "run" -d 'Run a program with keys in its environment'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "ls" -d 'List one level of keys and folders'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "tree" -d 'Show keys as a tree, with key counts per folder'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "env" -d 'Print keys as environment variables'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "export" -d 'Export entries as a document for import'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "import" -d 'Import the entries of a document'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "diff" -d 'Show what differs between sources and the store'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "apply" -d 'Write what differs from the sources'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "undo" -d 'Put back what a command with --undo FILE has written'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "lock" -d 'Run a command while holding a lock'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "elect" -d 'Run a command on an elected leader, or show the leader'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "session" -d 'List, create, renew and destroy sessions, the holders of locks'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "status" -d 'Check that Consul is reachable and has a leader'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "dev" -d 'Run an embedded in-memory agent for experiments and tests'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "completions" -d 'Print the completion script for a shell'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "man" -d 'Show the manual page of kvw, of a verb, or about handlers'
complete -c kvw -n "__fish_kvw_needs_command" -f -a "help" -d 'Print the help of a verb, or about a topic'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand get" -l separator -d 'Separator at which --keys cuts names; \'\' for whole names' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l default -d 'Print VALUE for a missing key, and exit with 0' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -s o -l output -d 'Output format; raw is the exact bytes, consul the JSON of Consul\'s API' -r -f -a "text\t''
json\t''
jsonl\t''
raw\t''
consul\t''"
complete -c kvw -n "__fish_kvw_using_subcommand get" -l fallback -d 'Keep the answer in FILE, and use it if Consul cannot be reached' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand get" -l max-age -d 'Use no kept answer that is older than this [default: no limit]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand get" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand get" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand get" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand get" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand get" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand get" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand get" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand get" -s r -l recurse -d 'Print all entries whose keys start with KEY'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l keys -d 'Print only key names, up to and including the first separator after KEY'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l detailed -d 'Print all fields'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l base64 -d 'Print values in base64'
complete -c kvw -n "__fish_kvw_using_subcommand get" -s n -l newline -d 'End each value with a newline where it has none'
complete -c kvw -n "__fish_kvw_using_subcommand get" -s 0 -l null -d 'End each name and each value of a list with a NUL, for xargs -0'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l exists -d 'Print nothing: exit with 0 if all KEYs exist, else with 1'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l relative -d 'Print keys without the prefix KEY; with --recurse or --keys'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l force -d 'Print raw bytes that could control the terminal'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand get" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand put" -l cas -d 'Write only if the key is unchanged since INDEX' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l modify-index -d 'Index for --cas alone, as shown by get -o json' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l flags -d 'Application-defined 64-bit number stored with the value [default: 0]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l session -d 'Session for --acquire and --release' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -s o -l output -d 'Output format; json prints the written entry' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand put" -l undo -d 'Save to FILE what undo needs to put the key back' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand put" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand put" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand put" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand put" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand put" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand put" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand put" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand put" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l literal -d 'Do not treat @FILE and - specially'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l base64 -d 'Decode VALUE from base64 first'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l create -d 'Write only if the key does not exist'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l keep-flags -d 'Keep the flags of the existing key'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l acquire -d 'Acquire the lock of the key for --session; without VALUE, value and flags are kept'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l release -d 'Release the lock of the key; without VALUE, value and flags are kept'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand put" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand put" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l check -d 'Write nothing unless CMD accepts each new value' -r
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l undo -d 'Save to FILE what undo needs to put everything back' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand edit" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand edit" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l base64 -d 'Edit the value as base64; needed if it is not UTF-8'
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l exact -d 'Keep a newline that the editor adds at the end of a value without one'
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l overwrite-locked -d 'Also write a key that a session holds; this resets its lock index'
complete -c kvw -n "__fish_kvw_using_subcommand edit" -s y -l yes -d 'With PREFIX/, do not ask before deletes'
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand edit" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l cas -d 'Delete only if the key is unchanged since INDEX, else exit with 1' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l modify-index -d 'Index for --cas alone, as shown by get -o json' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l undo -d 'Save to FILE what undo needs to put the keys back' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand delete" -s o -l output -d 'Output format' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand delete" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l recurse -d 'Delete all keys that start with KEY'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l prefix-match -d 'Allow a prefix that does not end in /, and so matches more than a folder'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l all -d 'Allow deleting the whole store'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -s y -l yes -d 'Do not ask for confirmation of a recursive delete'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l dry-run -d 'List the keys that would be deleted, and delete nothing'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l file -d 'Read operations from a file, or - for stdin: one per line, or JSON' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l undo -d 'Save to FILE what undo needs to put the keys back' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand txn" -s o -l output -d 'Output format; text prints the entries read, as key:value' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand txn" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l prefix-match -d 'Allow a prefix that does not end in /, and so matches more than a folder'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l all -d 'Allow deleting the whole store'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand txn" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l exclude -d 'Leave out keys of SRC that match GLOB; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l undo -d 'Save to FILE what undo needs to put everything back' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand cp" -s o -l output -d 'Output format' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l to-datacenter -d 'Datacenter to copy to' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l to-http-addr -d 'Address of the cluster to copy to' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l to-token-file -d 'File with the ACL token for the target' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l to-namespace -d 'Namespace to copy to (Consul Enterprise)' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l to-partition -d 'Admin partition to copy to (Consul Enterprise)' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l to-ca-file -d 'PEM file with the CAs of the target' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l to-ca-path -d 'Folder of such PEM files' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l to-client-cert -d 'PEM file with the client certificate for the target' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l to-client-key -d 'PEM file with the key of that certificate' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l to-tls-server-name -d 'Name to expect in the target\'s certificate' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand cp" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand cp" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l overwrite -d 'Overwrite keys that exist and differ'
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l atomic -d 'Do everything in one transaction, or nothing'
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l dry-run -d 'Show what would be done, and write nothing'
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l overwrite-locked -d 'Also copy and overwrite keys that a session holds'
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l to-tls-skip-verify -d 'Accept any certificate of the target'
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand cp" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand cp" -s y -l yes -d 'Nothing is asked; accepted, so that a script may say the same to cp as to mv'
complete -c kvw -n "__fish_kvw_using_subcommand cp" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l exclude -d 'Leave out keys of SRC that match GLOB; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l undo -d 'Save to FILE what undo needs to put everything back' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand mv" -s o -l output -d 'Output format' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l to-datacenter -d 'Datacenter to copy to' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l to-http-addr -d 'Address of the cluster to copy to' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l to-token-file -d 'File with the ACL token for the target' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l to-namespace -d 'Namespace to copy to (Consul Enterprise)' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l to-partition -d 'Admin partition to copy to (Consul Enterprise)' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l to-ca-file -d 'PEM file with the CAs of the target' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l to-ca-path -d 'Folder of such PEM files' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l to-client-cert -d 'PEM file with the client certificate for the target' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l to-client-key -d 'PEM file with the key of that certificate' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l to-tls-server-name -d 'Name to expect in the target\'s certificate' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand mv" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand mv" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand mv" -s y -l yes -d 'Do not ask before a prefix is moved'
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l overwrite -d 'Overwrite keys that exist and differ'
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l atomic -d 'Do everything in one transaction, or nothing'
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l dry-run -d 'Show what would be done, and write nothing'
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l overwrite-locked -d 'Also copy and overwrite keys that a session holds'
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l to-tls-skip-verify -d 'Accept any certificate of the target'
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand mv" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand mv" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l prefix -d 'Watch all keys that start with P, which need not end in /; \'\' for all; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l key -d 'Watch key K, which may end in /; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l include -d 'Report only keys that match GLOB in full; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l exclude -d 'Do not report keys that match GLOB in full; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l initial -d 'Existing keys at startup: run, skip, if-changed' -r -f -a "run\t'Report them as created'
skip\t'Report only later changes'
if-changed\t'Report what differs from the state that was handled last'"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l exec -d 'Run CMD with sh -c on each batch (-- CMD: no shell)' -r -f -a "(__fish_complete_command)"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l route -d 'Run CMD on keys that match GLOB; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l debounce -d 'Quiet time that ends a batch [default: 100ms]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l min-interval -d 'Run or signal the handler at most once in this time' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l max-delay -d 'Longest time that a batch waits for quiet [default: 5s, or --debounce if longer]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l splay -d 'Delay each batch by a random time up to this' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l on-busy -d 'While busy: queue (default), restart, signal, drop' -r -f -a "queue\t'Merge them into one next batch'
restart\t'Stop the handler and run it again'
signal\t'Send the handler a signal, which hands over no data'
drop\t'Discard them'"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l signal -d 'Signal of --on-busy signal [default: HUP]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l on-fail -d 'On failure: continue (default), retry, exit, ignore' -r -f -a "continue\t'Add its changes to the next batch'
retry\t'Run its batch again after a back-off'
exit\t'Exit with the handler\'s status'
ignore\t'Count its changes as handled'"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l on-exit -d 'When a service of --on-busy restart ends by itself or cannot be started: - exit (default): Exit with the status of the service, 0 included - restart: Start it again after a back-off - wait: Wait for the next batch, with nothing running' -r -f -a "exit\t'Exit with the status of the service, 0 included'
restart\t'Start it again after a back-off'
wait\t'Wait for the next batch, with nothing running'"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l handler-timeout -d 'Stop a run that takes longer than this, and count it as failed [default: no limit]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l stop-signal -d 'Signal that asks a handler to stop' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l linger -d 'Time for processes that a handler left behind to end by themselves' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l daemons -d 'Processes that a handler put outside its process group, by setsid, setpgid or a double fork: - keep (default): It was started on purpose and lives on, while kvw runs and after - end: It ends with its run: before the next one, and when kvw ends  Under --on-busy restart the default is end. Such a process has --linger to end by itself, or gets TERM once the group of a stopped run is gone, and KILL after --stop-timeout. After a kill -9 of kvw those that it had seen are killed; one started in the last half second may be missed. Linux only. Under systemd the cgroup of the unit does the rest.' -r -f -a "keep\t'It was started on purpose and lives on, while kvw runs and after'
end\t'It ends with its run: before the next one, and when kvw ends'"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l stop-timeout -d 'Time after --stop-signal until a handler is killed' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l stdin -d 'Input of the handler' -r -f -a "json\t'The batch as one JSON document'
consul\t'The current state, as `consul watch` passes it: one run for each target, at locks and releases too'
none\t'Nothing'"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l count -d 'Exit after N batches' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l for -d 'Exit after this time; 0 checks once' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l walk-from -d 'For tests: the number of keys from which a prefix is walked' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l max-outage -d 'Exit after an outage of this length: with 3, or 4 for lost permissions [default: never]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l state -d 'Keep the handled state in FILE, across restarts' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l max-delete -d 'Hold back larger bursts of deletes until the keys return or kvw restarts' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -s o -l output -d 'Print changes as text or jsonl' -r -f -a "text\t''
jsonl\t''"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l time -d 'Times in text [default: local on a terminal, else utc]' -r -f -a "local\t'In the time zone of this machine'
utc\t'In UTC'
relative\t'Since the watch began'
none\t'Not at all'"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l events -d 'Events to print with -o jsonl [default: changes]' -r -f -a "changes\t'Changes of keys'
all\t'Also first reads, outages, lost permissions, held back deletes and runs of handlers'"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l status-file -d 'Keep the status of the watch in FILE, as JSON' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l wait -d 'Longest time that Consul may hold a query' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand watch" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l locks -d 'Report acquired and released locks as changes'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l each -d 'Run once per changed key, not once per batch, and not for the initial state'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l pass-token -d 'Pass the Consul token and CONSUL_HTTP_AUTH to the handler'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l once -d 'Exit after one batch of changes; the initial one counts'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l state-values -d 'Keep values in the state file too, so that updates show the old value after a restart'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l accept-reset -d 'Accept an emptied Consul whose index went backwards as real'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l full -d 'Show all of long and binary values on a terminal, which are cut otherwise'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l no-values -d 'Show which keys changed, without their values'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l live -d 'Show keys and changes on the whole terminal'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l explain -d 'Explain each wake-up on stderr'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l absent -d 'KEY must not exist; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l equals -d 'The value of KEY must equal VALUE; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l not-equals -d 'KEY must not exist or have another value; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l matches -d 'The value of KEY must match REGEX; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l changed-since -d 'KEY must be written after INDEX; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l timeout -d 'Give up after this time; 0 checks once [default: wait forever]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -s o -l output -d 'Print the entries of the keys; json also prints the unmet conditions' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l wait -d 'Longest time that Consul may hold a query' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand wait" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l any -d 'Wait for one of the conditions instead of all'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand wait" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand run" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand run" -l env -d 'Set NAME to the value of KEY; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l key -d 'Take a single key, named by its last part; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l names -d 'Names from keys: upper (default), keep' -r -f -a "upper\t'Upper case, with _ for every character that is no ASCII letter or digit: db/host is DB_HOST'
keep\t'As it stands'"
complete -c kvw -n "__fish_kvw_using_subcommand run" -l rename -d 'Name the variable of KEY; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l include -d 'Only keys that match GLOB in full; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l exclude -d 'No keys that match GLOB in full; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l allow-env -d 'Allow a name such as PATH or LD_PRELOAD; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l on-change -d 'On a change: restart (default), signal, exec, exit, ignore' -r -f -a "restart\t'Stop the program and start it with the new environment'
signal\t'Send it --signal; its environment stays, so use it with --write'
exec\t'Run --change-exec with the new environment; the program stays'
exit\t'Stop the program and exit with its status, for a supervisor to start anew'
ignore\t'Nothing: Consul is not watched'"
complete -c kvw -n "__fish_kvw_using_subcommand run" -l signal -d 'Signal of --on-change signal [default: HUP]' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l change-exec -d 'Command of --on-change exec, run with sh -c; changes meanwhile run it once more' -r -f -a "(__fish_complete_command)"
complete -c kvw -n "__fish_kvw_using_subcommand run" -l write -d 'Write the variables to FILE too, replaced on each change' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand run" -l debounce -d 'Quiet time that ends a burst of changes' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l max-delay -d 'Longest time that a burst waits for quiet' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l splay -d 'Delay each reaction by a random time up to this' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l stop-signal -d 'Signal that asks the program to stop' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l stop-timeout -d 'Time after --stop-signal until the program and all it has started are killed' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l fallback -d 'Keep the answer in FILE, and use it if Consul cannot be reached' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand run" -l max-age -d 'Use no kept answer that is older than this [default: no limit]' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l wait -d 'Longest time that Consul may hold a query' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand run" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand run" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand run" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand run" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand run" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand run" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand run" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand run" -l allow-empty -d 'Accept a prefix without keys'
complete -c kvw -n "__fish_kvw_using_subcommand run" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand run" -l once -d 'Do not watch for changes: --on-change ignore'
complete -c kvw -n "__fish_kvw_using_subcommand run" -l pristine -d 'Inherit nothing but PATH, HOME, TERM and the like'
complete -c kvw -n "__fish_kvw_using_subcommand run" -l preserve-env -d 'Variables that exist already win over keys'
complete -c kvw -n "__fish_kvw_using_subcommand run" -l pass-token -d 'Pass the Consul token and CONSUL_HTTP_AUTH to the program'
complete -c kvw -n "__fish_kvw_using_subcommand run" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand run" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand run" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand ls" -s o -l output -d 'Output format' -r -f -a "text\t''
json\t''
jsonl\t''"
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand ls" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -s l -l long -d 'Show size, index, flags and session; reads the keys of the level'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l relative -d 'Print names without PREFIX'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -s 0 -l null -d 'End each name with a NUL, for xargs -0'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand tree" -s L -l depth -d 'Levels to show; deeper keys are only counted [default: all]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -s o -l output -d 'Output format' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand tree" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l du -d 'Show sizes; reads all values'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand tree" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand env" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand env" -l env -d 'Set NAME to the value of KEY; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l key -d 'Take a single key, named by its last part; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l names -d 'Names from keys: upper (default), keep' -r -f -a "upper\t'Upper case, with _ for every character that is no ASCII letter or digit: db/host is DB_HOST'
keep\t'As it stands'"
complete -c kvw -n "__fish_kvw_using_subcommand env" -l rename -d 'Name the variable of KEY; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l include -d 'Only keys that match GLOB in full; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l exclude -d 'No keys that match GLOB in full; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l allow-env -d 'Allow a name such as PATH or LD_PRELOAD; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -s o -l output -d 'Output format: shell (default), env, docker, json, systemd, null' -r -f -a "shell\t'export lines for eval in sh, bash, dash and zsh'
env\t'NAME=VALUE lines with quotes where needed, as a .env file'
docker\t'Lines for docker run --env-file, which takes them literally'
json\t'One JSON object'
systemd\t'Lines for systemd\'s EnvironmentFile='
null\t'NAME=VALUE, each ended by a NUL, for xargs -0 and env -0'"
complete -c kvw -n "__fish_kvw_using_subcommand env" -l fallback -d 'Keep the answer in FILE, and use it if Consul cannot be reached' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand env" -l max-age -d 'Use no kept answer that is older than this [default: no limit]' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand env" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand env" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand env" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand env" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand env" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand env" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand env" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand env" -l allow-empty -d 'Accept a prefix without keys'
complete -c kvw -n "__fish_kvw_using_subcommand env" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand env" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand env" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand env" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand env" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand export" -l output-file -d 'Write to FILE, which is replaced only when the export is complete' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand export" -l to-dir -d 'Write a file for each key into DIR, which is new or empty: the files of diff and apply' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand export" -s o -l output -d 'Output format: text, json (default), jsonl, consul, yaml, properties' -r -f -a "text\t'The same as json'
json\t'The document of consul kv export (default)'
jsonl\t'An entry a line, with all fields'
consul\t'The answer of Consul\'s API'
yaml\t'Nested names, as diff and apply read them'
properties\t'Java properties, as diff and apply read them'"
complete -c kvw -n "__fish_kvw_using_subcommand export" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand export" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand export" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand export" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand export" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand export" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand export" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand export" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l sync -d 'Update a DIR that --to-dir wrote: files whose keys are gone are removed'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l private -d 'Let only the user read what --to-dir writes'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l non-empty -d 'Fail with exit 1 if there is no key to export'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l allow-filtered -d 'Accept an export filtered by ACLs'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l relative -d 'Name keys without PREFIX, in yaml and properties'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand export" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand import" -l prefix -d 'Prepend P to each key' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l strip -d 'Remove the prefix P from each key, before --prefix' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l include -d 'Import only keys that match GLOB in full; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l exclude -d 'Import no keys that match GLOB in full; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l parallel -d 'Number of concurrent transactions' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l rate -d 'Write at most N keys per second' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l undo -d 'Save to FILE what undo needs to put everything back' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand import" -s o -l output -d 'Output format' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand import" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand import" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand import" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand import" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand import" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand import" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand import" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand import" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l create-only -d 'Write only keys that do not exist'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l dry-run -d 'List the keys that would be written, and write nothing'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l keep-going -d 'Write the other keys if some are refused'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l ignore-namespace -d 'Accept entries that name another namespace or partition'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l atomic -d 'Write everything in one transaction, if it fits the server\'s limits'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand import" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l format -d 'Format of the sources [default: by their names]' -r -f -a "dir\t''
yaml\t''
json\t''
toml\t''
properties\t''
env\t''
docker-env\t''
consul\t''
jsonl\t''"
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l prefix -d 'Prepend P/ to each key; what is below it is compared' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l strip -d 'Remove the prefix P/ from whole keys, before --prefix' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l scope -d 'Compare what is below PREFIX/, instead of --prefix; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l include -d 'Leave alone keys that do not match GLOB; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l exclude -d 'Leave alone keys that match GLOB; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l secret -d 'Hide the values of keys that match GLOB; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l expand -d 'Read structured files of a directory that match GLOB as subtrees; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l null -d 'What null means: empty, skip, or delete the key' -r -f -a "empty\t''
skip\t''
delete\t''"
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l list -d 'What a list means: index (keys NAME/0, NAME/1), json (one text), or join=SEP' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l dots -d 'What dots in names of properties are: keep (part of the name), or slash' -r -f -a "keep\t''
slash\t''"
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l split -d 'Split names of env files at SEP into folders: with __, DB__HOST is DB/HOST' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l save -d 'Keep the plan in FILE for apply --plan' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand diff" -s o -l output -d 'Output format: text, json, or jsonl with a change a line' -r -f -a "text\t''
json\t''
jsonl\t''"
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand diff" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l all -d 'Compare the whole store; keys get no prefix'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l prune -d 'Delete keys below the prefix that no source has'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l folders -d 'Compare folder keys, whose names end in /, too'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l allow-empty -d 'Allow --prune with sources that have no keys'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l only-existing -d 'Create no keys'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l create-only -d 'Write no existing keys'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l overwrite-locked -d 'Also write keys that a session holds; this resets their lock index'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l exact -d 'Keep the last newline of a file as part of the value'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l strip-extension -d 'Leave the extension of a file out of its key'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l hidden -d 'Read files whose names start with a dot, but never .git'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l without-values -d 'Keep no values in the file of --save: apply --plan reads the sources again'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l access -d 'Exit with 4 if the token may not write what differs'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l format -d 'Format of the sources [default: by their names]' -r -f -a "dir\t''
yaml\t''
json\t''
toml\t''
properties\t''
env\t''
docker-env\t''
consul\t''
jsonl\t''"
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l prefix -d 'Prepend P/ to each key; what is below it is compared' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l strip -d 'Remove the prefix P/ from whole keys, before --prefix' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l scope -d 'Compare what is below PREFIX/, instead of --prefix; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l include -d 'Leave alone keys that do not match GLOB; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l exclude -d 'Leave alone keys that match GLOB; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l secret -d 'Hide the values of keys that match GLOB; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l expand -d 'Read structured files of a directory that match GLOB as subtrees; repeatable' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l null -d 'What null means: empty, skip, or delete the key' -r -f -a "empty\t''
skip\t''
delete\t''"
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l list -d 'What a list means: index (keys NAME/0, NAME/1), json (one text), or join=SEP' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l dots -d 'What dots in names of properties are: keep (part of the name), or slash' -r -f -a "keep\t''
slash\t''"
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l split -d 'Split names of env files at SEP into folders: with __, DB__HOST is DB/HOST' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l plan -d 'Apply the plan that diff --save has written' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l save -d 'With --dry-run, keep the plan in FILE for --plan' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l max-delete -d 'Refuse to delete more keys [default: 10, or half]' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l guard -d 'Keys that must be as they were read: those that are written, or all of the sources' -r -f -a "changed\t'Those that are written'
all\t'All that the sources have'"
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l undo -d 'Save to FILE what undo needs to put everything back' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l retry-conflicts -d 'Plan again so often after a conflict' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l then -d 'Run CMD after the writes; if it fails, put everything back' -r -f -a "(__fish_complete_command)"
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l then-timeout -d 'Time limit for the command of --then' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l settle -d 'Time between the writes and the command of --then' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l check -d 'Write nothing unless CMD accepts each new value' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l check-on -d 'Keys whose values --check is for; repeatable [default: all]' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -s o -l output -d 'Output format' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand apply" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l all -d 'Compare the whole store; keys get no prefix'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l prune -d 'Delete keys below the prefix that no source has'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l folders -d 'Compare folder keys, whose names end in /, too'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l allow-empty -d 'Allow --prune with sources that have no keys'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l only-existing -d 'Create no keys'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l create-only -d 'Write no existing keys'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l overwrite-locked -d 'Also write keys that a session holds; this resets their lock index'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l exact -d 'Keep the last newline of a file as part of the value'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l strip-extension -d 'Leave the extension of a file out of its key'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l hidden -d 'Read files whose names start with a dot, but never .git'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l dry-run -d 'Show what would be written, and write nothing'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l without-values -d 'Keep no values in the file of --save: --plan reads the sources again'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -s y -l yes -d 'Do not ask before deletes; --plan never asks'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l atomic -d 'Write everything in one transaction, or nothing'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l rollback -d 'Put back what was written if not everything can be'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l pass-token -d 'Pass the token on to the command of --then'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand undo" -s o -l output -d 'Output format' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand undo" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand undo" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l dry-run -d 'List what would be put back, and write nothing'
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l partial -d 'Put back the other keys if some have changed since'
complete -c kvw -n "__fish_kvw_using_subcommand undo" -s y -l yes -d 'Do not ask for confirmation of deletes'
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l overwrite-locked -d 'Also write keys that a session holds; this resets their lock index'
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand undo" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand undo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l exec -d 'Run CMD with sh -c (-- CMD: no shell)' -r -f -a "(__fish_complete_command)"
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l timeout -d 'Wait at most this long, then exit with 1 [default: wait forever]' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -s n -l limit -d 'Let up to N hold the lock at a time, as consul lock -n does' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l ttl -d 'Time to live of the session, from 10s to 24h' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l lock-delay -d 'How long nobody can take the lock after its holder was lost, from 1s to 60s' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l session -d 'Use a session that somebody else keeps: nothing is renewed, and there is no deadline' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l value -d 'Value of the key while it is locked [default: host, process id, command, time]' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l name -d 'Name of the session [default: kvw lock KEY]' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l stop-signal -d 'Signal that asks the command to end' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l stop-timeout -d 'Time from --stop-signal until the command is killed' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l linger -d 'Time for what the command leaves in its group to end by itself' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l conflict-exit-code -d 'Exit code when the lock is not to be had' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l lost-exit-code -d 'Exit code when the lock is lost [default: 3 in an outage, 1 if it was taken away]' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -s o -l output -d 'Output format of --show, and of the fence printed without a command' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand lock" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l try -d 'Exit with 1 if the lock is not free'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l set-limit -d 'Write the limit N into a lock that has another one, instead of failing'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l health-check -d 'Lose the lock also when the gossip layer takes the node for dead (serfHealth)'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l exact-key -d 'Lock KEY itself instead of KEY/.lock'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l keep-key -d 'Leave the key, empty, after the release'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l pass-token -d 'Pass the token on to the command'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l show -d 'Show who holds the lock; exit with 1 if nobody does'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l break -d 'Take the lock away from its holder'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -s y -l yes -d 'Do not ask for confirmation of --break'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand lock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l exec -d 'Run CMD with sh -c as leader; with --listen, at each change of the leader' -r -f -a "(__fish_complete_command)"
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l on-exit -d 'When the command fails: exit, campaign' -r -f -a "exit\t'Exit with its status'
campaign\t'Resign, and campaign again after a back-off of a second to a minute'"
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l value -d 'Value of the key while leading [default: host name]' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l ttl -d 'Time to live of the session, from 10s to 24h' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l lock-delay -d 'How long nobody can lead after a leader was lost, from 1s to 60s' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l stop-signal -d 'Signal that asks the command to end' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l stop-timeout -d 'Time from --stop-signal until the command is killed' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l linger -d 'Time for what the command leaves in its group to end by itself' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -s o -l output -d 'Format of --listen and --current' -r -f -a "text\t''
jsonl\t''"
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand elect" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand elect" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l listen -d 'Print the leader now, and again at each change'
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l current -d 'Print the value of the leader; exit with 1 if there is none'
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l pass-token -d 'Pass the token on to the command'
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand elect" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand elect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand session; and not __fish_seen_subcommand_from list show create renew destroy" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand session; and not __fish_seen_subcommand_from list show create renew destroy" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand session; and not __fish_seen_subcommand_from list show create renew destroy" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand session; and not __fish_seen_subcommand_from list show create renew destroy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand session; and not __fish_seen_subcommand_from list show create renew destroy" -f -a "list" -d 'List the sessions'
complete -c kvw -n "__fish_kvw_using_subcommand session; and not __fish_seen_subcommand_from list show create renew destroy" -f -a "show" -d 'Show a session and the keys that it holds'
complete -c kvw -n "__fish_kvw_using_subcommand session; and not __fish_seen_subcommand_from list show create renew destroy" -f -a "create" -d 'Create a session and print its id'
complete -c kvw -n "__fish_kvw_using_subcommand session; and not __fish_seen_subcommand_from list show create renew destroy" -f -a "renew" -d 'Renew a session: its TTL starts again'
complete -c kvw -n "__fish_kvw_using_subcommand session; and not __fish_seen_subcommand_from list show create renew destroy" -f -a "destroy" -d 'Destroy sessions and free the keys that they hold'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -s o -l output -d 'Output format' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l keys -d 'Find the keys that each session holds, for -o json; reads the whole store'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -s o -l output -d 'Output format' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l ttl -d 'Time to live, from 10s to 24h; Consul takes up to twice as long [default: none]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l lock-delay -d 'How long its keys cannot be locked after its end' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l behavior -d 'What happens to its keys when it ends' -r -f -a "release\t''
delete\t''"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l name -d 'Name that people see' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l node -d 'Node of the session [default: the node of the agent]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l check -d 'Node check that ends it when critical; repeatable [default: serfHealth]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -s o -l output -d 'Output format; json prints the session' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l no-checks -d 'Use no checks, not even serfHealth'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l every -d 'Renew again and again, this often, until stopped or the session ends' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from renew" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -s y -l yes -d 'Do not ask for confirmation, and do not look for keys'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand session; and __fish_seen_subcommand_from destroy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand status" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand status" -l wait -d 'Wait up to this long for a leader [default: no wait]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l access -d 'Try what the token may do with PREFIX, without writing' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -s o -l output -d 'Output format' -r -f -a "text\t''
json\t''"
complete -c kvw -n "__fish_kvw_using_subcommand status" -l http-addr -d 'Address of the Consul agent: HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT or unix:///PATH; repeated or with commas, agents of one cluster, asked in turn where one is not reached or has no leader [env: CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l token-file -d 'File with the ACL token, read again when Consul answers 403 [env: CONSUL_HTTP_TOKEN_FILE]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand status" -l token -d 'ACL token [env: CONSUL_HTTP_TOKEN]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l datacenter -d 'Datacenter to query [default: the agent\'s]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l namespace -d 'Namespace (Consul Enterprise) [env: CONSUL_NAMESPACE]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l partition -d 'Admin partition (Consul Enterprise) [env: CONSUL_PARTITION]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l ca-file -d 'PEM file with the CAs that may sign the server\'s certificate [env: CONSUL_CACERT] [default: the system\'s]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand status" -l ca-path -d 'Folder of such PEM files [env: CONSUL_CAPATH]' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand status" -l client-cert -d 'PEM file with the client certificate [env: CONSUL_CLIENT_CERT]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand status" -l client-key -d 'PEM file with the key of the client certificate, not encrypted [env: CONSUL_CLIENT_KEY]' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand status" -l tls-server-name -d 'Name to expect in the server\'s certificate [env: CONSUL_TLS_SERVER_NAME] [default: the host]' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l connect-timeout -d 'Time limit for connecting' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l request-timeout -d 'Time limit for an answer; a blocking query adds its own wait time' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l retry-for -d 'Retry failed reads for this long; 0 disables retries' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l speed-limit -d 'Least rate of a listing: one below SIZE a second for 30s has failed; 0 for none' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -l max-value -d 'Longest value that is read; an answer with a longer one has failed' -r
complete -c kvw -n "__fish_kvw_using_subcommand status" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand status" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand status" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand status" -l tls-skip-verify -d 'Accept any server certificate: others can read and change what is sent'
complete -c kvw -n "__fish_kvw_using_subcommand status" -l stale -d 'Allow stale reads from any server'
complete -c kvw -n "__fish_kvw_using_subcommand status" -l consistent -d 'Consistent reads: the leader confirms its leadership first'
complete -c kvw -n "__fish_kvw_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand dev" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand dev" -l listen -d 'HOST:PORT to listen on, port 0 for a free one, or unix:///PATH [default: 127.0.0.1:8500, or a free port with CMD]' -r
complete -c kvw -n "__fish_kvw_using_subcommand dev" -l memory -d 'Most bytes to store, keys included; an answer may have twice as many' -r
complete -c kvw -n "__fish_kvw_using_subcommand dev" -l load -d 'Load the entries of FILE, in the format of export, at startup' -r -F
complete -c kvw -n "__fish_kvw_using_subcommand dev" -l prefix -d 'Prepend P to each loaded key' -r
complete -c kvw -n "__fish_kvw_using_subcommand dev" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand dev" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand dev" -l allow-public -d 'Allow --listen on an address that other machines can reach: they can read and write everything'
complete -c kvw -n "__fish_kvw_using_subcommand dev" -l exact-key -d 'Allow keys that other clients cannot address (leading /, //, …)'
complete -c kvw -n "__fish_kvw_using_subcommand dev" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand completions" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand completions" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand man" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand man" -l dir -d 'Write all pages to this folder, which is created if it is missing' -r -f -a "(__fish_complete_directories)"
complete -c kvw -n "__fish_kvw_using_subcommand man" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand man" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kvw -n "__fish_kvw_using_subcommand help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c kvw -n "__fish_kvw_using_subcommand help" -s q -l quiet -d 'Print no status messages; warnings and errors remain'
complete -c kvw -n "__fish_kvw_using_subcommand help" -s v -l verbose -d 'Show each request on stderr, without the token'
complete -c kvw -n "__fish_kvw_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'

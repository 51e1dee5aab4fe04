# bash completion of parwork(1)
# made from the table of options, by the target parwork_documents

_parwork() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word i command_at=0
  local of=run first=1 valued options
  COMPREPLY=()
  if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} =~ ^(run|resume|results|report|worker|status)$ ]]; then
    of=${COMP_WORDS[1]}
    first=2
  fi
  case $of in
    run)
      valued=' -a --input -d --delimiter -n --items-per-job -C --columns --block -j --workers -c --shell --shell-program --output --buffer --ahead --halt --retries --retry-delay --delay --load --memfree --timeout --grace --kill-tree --journal --log --results --report --progress --engine --job --needs --lost-after --workdir --user --password-file --nkey --creds --ca --cert --key '
      options='--input --null --delimiter --items-per-job --columns --csv --header --pipe --block --skip-blank --workers --shell --shell-program --tty --keep-order --output --tag --buffer --ahead --halt --retries --retry-delay --delay --load --memfree --timeout --grace --kill-tree --journal --resume --retry-failed --log --results --report --progress --quiet --verbose --dry-run --help --engine --job --needs --lost-after --workdir --user --password-file --nkey --creds --ca --cert --key' ;;
    resume)
      valued=' -a --input -d --delimiter -n --items-per-job -C --columns --block -j --workers -c --shell --shell-program --output --buffer --ahead --halt --retries --retry-delay --delay --load --memfree --timeout --grace --kill-tree --journal --log --results --report --progress --engine --job --needs --lost-after --workdir --user --password-file --nkey --creds --ca --cert --key '
      options='--input --null --delimiter --items-per-job --columns --csv --header --pipe --block --skip-blank --workers --shell --shell-program --tty --keep-order --output --tag --buffer --ahead --halt --retries --retry-delay --delay --load --memfree --timeout --grace --kill-tree --journal --resume --retry-failed --log --results --report --progress --quiet --verbose --dry-run --help --engine --job --needs --lost-after --workdir --user --password-file --nkey --creds --ca --cert --key' ;;
    results)
      valued=' '
      options='--failed --tag --help' ;;
    report)
      valued=' -o --output '
      options='--output --quiet --help' ;;
    worker)
      valued=' --join -j --workers --label --idle-exit --log --user --password-file --nkey --creds --ca --cert --key '
      options='--join --allow-commands --workers --label --idle-exit --log --user --password-file --nkey --creds --ca --cert --key --help' ;;
    status)
      valued=' --job --user --password-file --nkey --creds --ca --cert --key '
      options='--job --json --user --password-file --nkey --creds --ca --cert --key --help' ;;
  esac

  # The first word that is neither an option nor the value of one: there the command begins.
  for ((i = first; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [[ $valued == *" $word "* ]]; then
      ((++i))
    elif [[ $word == -- ]]; then
      command_at=$((i + 1))
      break
    elif [[ $word != -* && $of == run ]]; then
      command_at=$i
      break
    fi
  done
  if ((command_at > 0)); then
    if declare -F _command_offset >/dev/null && ((command_at <= COMP_CWORD)); then
      _command_offset "$command_at"
    else
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
    return
  fi

  case $of:$previous in
    run:-a | run:--input) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:-d | run:--delimiter) return ;;
    run:-n | run:--items-per-job) return ;;
    run:-C | run:--columns) return ;;
    run:--block) return ;;
    run:-j | run:--workers) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:-c | run:--shell) return ;;
    run:--shell-program) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:--output) mapfile -t COMPREPLY < <(compgen -W 'group line raw none' -- "$current"); return ;;
    run:--buffer) return ;;
    run:--ahead) return ;;
    run:--halt) mapfile -t COMPREPLY < <(compgen -W 'now,fail=1 soon,fail=1 now,success=1' -- "$current"); return ;;
    run:--retries) return ;;
    run:--retry-delay) return ;;
    run:--delay) return ;;
    run:--load) return ;;
    run:--memfree) return ;;
    run:--timeout) return ;;
    run:--grace) return ;;
    run:--kill-tree) mapfile -t COMPREPLY < <(compgen -W 'on off' -- "$current"); return ;;
    run:--journal) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:--log) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:--results) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:--report) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:--progress) mapfile -t COMPREPLY < <(compgen -W 'auto on off' -- "$current"); return ;;
    run:--engine) mapfile -t COMPREPLY < <(compgen -W 'local nats://127.0.0.1:4222' -- "$current"); return ;;
    run:--job) return ;;
    run:--needs) return ;;
    run:--lost-after) return ;;
    run:--workdir) return ;;
    run:--user) return ;;
    run:--password-file) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:--nkey) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:--creds) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:--ca) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:--cert) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:--key) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:-a | resume:--input) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:-d | resume:--delimiter) return ;;
    resume:-n | resume:--items-per-job) return ;;
    resume:-C | resume:--columns) return ;;
    resume:--block) return ;;
    resume:-j | resume:--workers) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:-c | resume:--shell) return ;;
    resume:--shell-program) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:--output) mapfile -t COMPREPLY < <(compgen -W 'group line raw none' -- "$current"); return ;;
    resume:--buffer) return ;;
    resume:--ahead) return ;;
    resume:--halt) mapfile -t COMPREPLY < <(compgen -W 'now,fail=1 soon,fail=1 now,success=1' -- "$current"); return ;;
    resume:--retries) return ;;
    resume:--retry-delay) return ;;
    resume:--delay) return ;;
    resume:--load) return ;;
    resume:--memfree) return ;;
    resume:--timeout) return ;;
    resume:--grace) return ;;
    resume:--kill-tree) mapfile -t COMPREPLY < <(compgen -W 'on off' -- "$current"); return ;;
    resume:--journal) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:--log) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:--results) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:--report) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:--progress) mapfile -t COMPREPLY < <(compgen -W 'auto on off' -- "$current"); return ;;
    resume:--engine) mapfile -t COMPREPLY < <(compgen -W 'local nats://127.0.0.1:4222' -- "$current"); return ;;
    resume:--job) return ;;
    resume:--needs) return ;;
    resume:--lost-after) return ;;
    resume:--workdir) return ;;
    resume:--user) return ;;
    resume:--password-file) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:--nkey) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:--creds) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:--ca) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:--cert) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:--key) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    report:-o | report:--output) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    worker:--join) mapfile -t COMPREPLY < <(compgen -W 'nats://127.0.0.1:4222' -- "$current"); return ;;
    worker:-j | worker:--workers) return ;;
    worker:--label) return ;;
    worker:--idle-exit) return ;;
    worker:--log) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    worker:--user) return ;;
    worker:--password-file) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    worker:--nkey) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    worker:--creds) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    worker:--ca) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    worker:--cert) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    worker:--key) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    status:--job) return ;;
    status:--user) return ;;
    status:--password-file) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    status:--nkey) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    status:--creds) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    status:--ca) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    status:--cert) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    status:--key) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac

  [[ $COMP_CWORD != 1 ]] || options+=' --version'
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  elif [[ $of != run ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -c -- "$current")
    [[ $COMP_CWORD != 1 ]] || mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W 'run resume results report worker status' -- "$current")
  fi
}

complete -F _parwork parwork

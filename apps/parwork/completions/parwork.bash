# bash completion of parwork(1)
# made from the table of options, by the target parwork_documents

_parwork() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word i command_at=0
  local of=run first=1 valued options
  COMPREPLY=()
  if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} =~ ^(run|resume|results|report)$ ]]; then
    of=${COMP_WORDS[1]}
    first=2
  fi
  case $of in
    run)
      valued=' -a --input -d --delimiter -n --items-per-job -C --columns -j --workers -c --shell --engine --output --buffer --ahead --halt --retries --retry-delay --timeout --grace --journal --log --report --progress '
      options='--input --null --delimiter --items-per-job --columns --skip-blank --workers --shell --engine --keep-order --output --tag --buffer --ahead --halt --retries --retry-delay --timeout --grace --journal --resume --retry-failed --log --report --progress --quiet --verbose --dry-run --help' ;;
    resume)
      valued=' -a --input -d --delimiter -n --items-per-job -C --columns -j --workers -c --shell --engine --output --buffer --ahead --halt --retries --retry-delay --timeout --grace --journal --log --report --progress '
      options='--input --null --delimiter --items-per-job --columns --skip-blank --workers --shell --engine --keep-order --output --tag --buffer --ahead --halt --retries --retry-delay --timeout --grace --journal --resume --retry-failed --log --report --progress --quiet --verbose --dry-run --help' ;;
    results)
      valued=' '
      options='--failed --tag --help' ;;
    report)
      valued=' -o --output '
      options='--output --quiet --help' ;;
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
    run:-j | run:--workers) return ;;
    run:-c | run:--shell) return ;;
    run:--engine) mapfile -t COMPREPLY < <(compgen -W 'local' -- "$current"); return ;;
    run:--output) mapfile -t COMPREPLY < <(compgen -W 'group line raw' -- "$current"); return ;;
    run:--buffer) return ;;
    run:--ahead) return ;;
    run:--halt) mapfile -t COMPREPLY < <(compgen -W 'now,fail=1 soon,fail=1 now,success=1' -- "$current"); return ;;
    run:--retries) return ;;
    run:--retry-delay) return ;;
    run:--timeout) return ;;
    run:--grace) return ;;
    run:--journal) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:--log) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:--report) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    run:--progress) mapfile -t COMPREPLY < <(compgen -W 'auto on off' -- "$current"); return ;;
    resume:-a | resume:--input) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:-d | resume:--delimiter) return ;;
    resume:-n | resume:--items-per-job) return ;;
    resume:-C | resume:--columns) return ;;
    resume:-j | resume:--workers) return ;;
    resume:-c | resume:--shell) return ;;
    resume:--engine) mapfile -t COMPREPLY < <(compgen -W 'local' -- "$current"); return ;;
    resume:--output) mapfile -t COMPREPLY < <(compgen -W 'group line raw' -- "$current"); return ;;
    resume:--buffer) return ;;
    resume:--ahead) return ;;
    resume:--halt) mapfile -t COMPREPLY < <(compgen -W 'now,fail=1 soon,fail=1 now,success=1' -- "$current"); return ;;
    resume:--retries) return ;;
    resume:--retry-delay) return ;;
    resume:--timeout) return ;;
    resume:--grace) return ;;
    resume:--journal) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:--log) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:--report) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    resume:--progress) mapfile -t COMPREPLY < <(compgen -W 'auto on off' -- "$current"); return ;;
    report:-o | report:--output) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac

  [[ $COMP_CWORD != 1 ]] || options+=' --version'
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  elif [[ $of != run ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -c -- "$current")
    [[ $COMP_CWORD != 1 ]] || mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W 'run resume results report' -- "$current")
  fi
}

complete -F _parwork parwork

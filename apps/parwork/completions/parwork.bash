# bash completion of parwork(1)

_parwork() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word i command_at=0 of=run
  local -r valued=' -o -a --input -d --delimiter -n --items-per-job -C --columns -j --workers -c --shell --engine --output
    --buffer --ahead --halt --retries --retry-delay --timeout --grace --journal --log --report --progress '
  COMPREPLY=()

  # The first word that is neither an option nor the value of one: there the command begins.
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [[ $i == 1 && $word =~ ^(run|resume|results|report)$ ]]; then
      of=$word
    elif [[ $valued == *[[:space:]]"$word"[[:space:]]* ]]; then
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

  case $previous in
    -o | -a | --input | --journal | --log | --report) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    --output)
      if [[ $of == report ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
      fi
      mapfile -t COMPREPLY < <(compgen -W 'group line raw' -- "$current")
      return ;;
    --progress) mapfile -t COMPREPLY < <(compgen -W 'auto on off' -- "$current"); return ;;
    --engine) mapfile -t COMPREPLY < <(compgen -W 'local' -- "$current"); return ;;
    --halt) mapfile -t COMPREPLY < <(compgen -W 'now,fail=1 soon,fail=1 now,success=1 soon,done=' -- "$current"); return ;;
    -d | --delimiter | -n | --items-per-job | -C | --columns | -j | --workers | -c | --shell | --buffer | --ahead | \
      --retries | --retry-delay | --timeout | --grace) return ;;
  esac

  local options='--input --null --delimiter --items-per-job --columns --skip-blank --workers --shell --engine
    --keep-order --output --tag --buffer --ahead --halt --retries --retry-delay --timeout --grace --journal --resume
    --retry-failed --log --report --progress --quiet --verbose --dry-run --help'
  [[ $of != results ]] || options='--failed --tag --help'
  [[ $of != report ]] || options='--output --quiet --help'
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

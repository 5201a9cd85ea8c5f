# SPDX-License-Identifier: Apache-2.0
# Completes reckoner's words in bash: what may follow, the program itself says.
_reckoner() {
    local word=${COMP_WORDS[COMP_CWORD]} words=() i candidates
    # Bash makes a word of = and splits there: "--log=json" is three words, and the program wants two.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} != = ]]; then
            words+=("${COMP_WORDS[i]}")
        elif ((i == COMP_CWORD)); then
            words+=('')
            word=''
        fi
    done
    candidates=$("${COMP_WORDS[0]}" complete "${words[@]}" 2>/dev/null) || return
    case $candidates in
    :file)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        ;;
    :folder)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$(cut -f 1 <<<"$candidates")" -- "$word") ;;
    esac
}
complete -F _reckoner reckoner

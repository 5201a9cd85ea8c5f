# SPDX-License-Identifier: Apache-2.0
# Completes reckoner's words in fish: what may follow, the program itself says.
function __reckoner_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l candidates ($words[1] complete $words[2..-1] 2>/dev/null)
    switch "$candidates"
        case :file
            __fish_complete_path (commandline -ct)
        case :folder
            __fish_complete_directories (commandline -ct) ''
        case '*'
            printf '%s\n' $candidates
    end
end
complete -c reckoner -f -a '(__reckoner_complete)'

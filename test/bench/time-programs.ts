// Times short programs against each other, in turns, from a parent as small as sshd's.
import { execFileSync } from 'node:child_process';

/**
 * Node's own spawn costs more than the programs to be timed, and would hide their difference; perl's fork does not.
 * Each program's output goes through a pipe and is read to its end, as sshd does; the environment is sshd's. Any
 * status but 127 will do, for the peers have no server to ask.
 */
const TIMER = `
use strict; use warnings; use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
my $turns = shift @ARGV; my (@programs, @times);
push @{$programs[$_ eq "\\0" ? @programs : $#programs]}, $_ eq "\\0" ? () : $_ for map { $_ eq "--" ? "\\0" : $_ } @ARGV;
%ENV = (PATH => "/usr/local/bin:/usr/bin:/bin:/usr/games", USER => "u", LOGNAME => "u", HOME => "/", LANG => "C.UTF-8");
for my $turn (1 .. $turns) {
  for my $n (0 .. $#programs) {
    pipe(my $reader, my $writer) or die;
    my $start = clock_gettime(CLOCK_MONOTONIC);
    my $pid = fork() // die;
    if ($pid == 0) { open(STDOUT, ">&", $writer) or die; close $reader; close $writer; exec { $programs[$n][0] } @{$programs[$n]}; exit 127 }
    close $writer;
    1 while sysread($reader, my $bytes, 65536);
    waitpid($pid, 0);
    die "$programs[$n][0] does not run\\n" if $? >> 8 == 127;
    push @{$times[$n]}, 1000 * (clock_gettime(CLOCK_MONOTONIC) - $start);
  }
}
print join(" ", @$_), "\\n" for @times;
`;

/**
 * Milliseconds of each program, turn by turn.
 * @param inside a command in front of perl, to time inside a node: `nsenter ...`.
 */
export function timePrograms(
  programs: readonly (readonly [string, ...string[]])[],
  turns: number,
  inside: readonly string[] = [],
): number[][] {
  const [command = '', ...args] = [
    ...inside,
    'perl',
    '-e',
    TIMER,
    String(turns),
    ...programs.flatMap((program) => ['--', ...program]),
  ];
  const answer = execFileSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return answer
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
}

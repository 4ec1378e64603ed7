/** The name of the table that a case starts from. */
export type Scene = keyof typeof scenes;

/** An aspect in which two programs can differ. */
export type Aspect = 'status' | 'state' | 'stdout';

/** One invocation, to be run by ipvsadm and by ours. */
export interface Case {
  readonly scene: Scene;
  /** Words with blanks between; `""` is an empty one, and `␣` a blank within one. */
  readonly words: string;
  /** Standard input. */
  readonly input?: string;
  /** The aspects in which we differ on purpose, and the reason. */
  readonly differs?: { readonly in: readonly Aspect[]; readonly why: string };
}

export const scenes = {
  empty: '',
  some: `
-A -t 10.0.0.1:80 -s wrr
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 5
-a -t 10.0.0.1:80 -r 10.1.0.2:8080 -m -w 0 -x 100 -y 50
-A -t 10.0.0.1:443 -s wlc -p 600
-a -t 10.0.0.1:443 -r 10.1.0.1:443 -g -w 10
-A -u 10.0.0.1:53 -s sh -b sh-port -o
-a -u 10.0.0.1:53 -r 10.1.0.3:53 -g
-A --sctp-service 10.0.0.2:9000 -s lc -p 300 -M 255.255.255.0
-A -t [fd00::1]:443 -s mh -b mh-fallback,mh-port
-a -t [fd00::1]:443 -r [fd00::11]:443 -g -w 3
-a -t [fd00::1]:443 -r 10.1.0.5:443 -i -w 4
-A -f 7 -s rr -p
-a -f 7 -r 10.1.0.4 -i
-a -f 7 -r 10.1.0.5:0 -i --tun-type gue --tun-port 6080 --tun-remcsum
-a -f 7 -r 10.1.0.6:0 -i --tun-type gre --tun-csum
-A -f 8 -6 -s fo -p 100 -M 64
-a -f 8 -6 -r [fd00::12] -g -w 65535
`,
  // Names that every machine has.
  local: `
-A -t 127.0.0.1:80 -s rr
-a -t 127.0.0.1:80 -r 127.0.0.1:443 -m
`,
  odd: `
-A -f 3000000000 -s rr
-a -f 3000000000 -r 10.1.0.9 -m
-A -t 10.0.0.1:80 -s sh -b flag-3
`,
  // Lists in the kernel's order can be compared only for a table that has one order.
  single: `
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.1.0.9:80 -m
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 3 -x 10
-a -t 10.0.0.1:80 -r 10.1.0.5:81 -m -w 2 -x 10 -y 7
`,
} as const;

function on(scene: Scene, text: string): Case[] {
  const lines = text.split('\n').map(line => line.trim());
  return lines.filter(line => line !== '').map(words => ({ scene, words }));
}

function restoring(words: string, inputs: readonly string[]): Case[] {
  return inputs.map(input => ({ scene: 'some', words, input }));
}

function differing(
  scene: Scene,
  where: readonly Aspect[],
  why: string,
  text: string,
  input?: string,
): Case[] {
  return on(scene, text).map(one => ({
    ...one,
    differs: { in: where, why },
    ...(input !== undefined && { input }),
  }));
}

const services = on(
  'some',
  `
  -A -t 10.0.0.9:80
  --add-service --tcp-service 10.0.0.9:80
  -A -u 10.0.0.9:80
  -A --udp-service 10.0.0.9:80
  -A --sctp-service 10.0.0.9:80
  -A -f 9
  -A --fwmark-service 9
  -A -f 9 -6
  -A -f 9 --ipv6
  -A -6 -f 9
  -A -f 2147483647
  -A -f 0
  -A -f -1
  -A -f abc
  -A -f 9x
  -A -f 4294967296
  -A -t [fd00::9]:80
  -A -u [fd00::9]:80
  -A --sctp-service [fd00::9]:80
  -A -t [::ffff:10.0.0.1]:80
  -A -t fd00::9
  -A -t 10.0.0.9
  -A -t 10.0.0.9 -p
  -A -t 10.0.0.9:0
  -A -t 10.0.0.9:0 -p
  -A -t 10.0.0.9:0 -p 60
  -A -t 10.0.0.9:65535
  -A -t 10.0.0.9:65536
  -A -t 10.0.0.9:-1
  -A -t 10.0.0.9:80x
  -A -t 10.0.0.9:
  -A -t :80
  -A -t 10.0.0.999:80
  -A -t 10.0.0.9:80:90
  -A -t [fd00::9:80
  -A -t [fd00::zz]:80
  -A -t ""
  -A
  -A -t
  -A -u
  -A -f
  -A -s rr
  -A -t 10.0.0.9:80 -u 10.0.0.9:80
  -A -t 10.0.0.9:80 -f 9
  -A -t 10.0.0.9:80 -t 10.0.0.9:81
  -A -t 10.0.0.1:80
  -A -t 10.0.0.1:80 -s rr
  -A -f 7
  -A -t 10.0.0.9:80 -s rr
  -A -t 10.0.0.9:80 -s wrr
  -A -t 10.0.0.9:80 -s lc
  -A -t 10.0.0.9:80 -s wlc
  -A -t 10.0.0.9:80 -s lblc
  -A -t 10.0.0.9:80 -s lblcr
  -A -t 10.0.0.9:80 -s dh
  -A -t 10.0.0.9:80 -s sh
  -A -t 10.0.0.9:80 -s mh
  -A -t 10.0.0.9:80 -s sed
  -A -t 10.0.0.9:80 -s nq
  -A -t 10.0.0.9:80 -s fo
  -A -t 10.0.0.9:80 -s ovf
  -A -t 10.0.0.9:80 -s nonesuch
  -A -t 10.0.0.9:80 --scheduler rr
  -A -t 10.0.0.9:80 --scheduler=rr
  -A -t 10.0.0.9:80 -srr
  -A -t10.0.0.9:80 -srr
  -A -t 10.0.0.9:80 -s
  -A -t 10.0.0.9:80 -s rr -s wrr
  -A -t 10.0.0.9:80 -p
  -A -t 10.0.0.9:80 --persistent
  -A -t 10.0.0.9:80 -p 1
  -A -t 10.0.0.9:80 -p 300
  -A -t 10.0.0.9:80 -p 2678400
  -A -t 10.0.0.9:80 -p 2678401
  -A -t 10.0.0.9:80 -p 0
  -A -t 10.0.0.9:80 -p -1
  -A -t 10.0.0.9:80 -p abc
  -A -t 10.0.0.9:80 --persistent=77
  -A -t 10.0.0.9:80 -p 60 -p 61
  -A -p -t 10.0.0.9:80
  -A -t 10.0.0.9:80 -p 300 -M 255.255.255.0
  -A -t 10.0.0.9:80 -p 300 --netmask 255.255.0.0
  -A -t 10.0.0.9:80 -p 300 -M 255.255.255.255
  -A -t 10.0.0.9:80 -p 300 -M abc
  -A -t 10.0.0.9:80 -p 300 -M 256.0.0.0
  -A -t [fd00::9]:80 -p 300 -M 64
  -A -t [fd00::9]:80 -p 300 -M 128
  -A -t [fd00::9]:80 -p 300 -M 129
  -A -t [fd00::9]:80 -p 300 -M 0
  -A -t [fd00::9]:80 -p 300 -M 1
  -A -t [fd00::9]:80 -p 300 -M abc
  -A -u 10.0.0.9:80 -o
  -A -u 10.0.0.9:80 --ops
  -A -f 9 -o
  -A -t 10.0.0.9:80 -o
  -A --sctp-service 10.0.0.9:80 -o
  -A -u 10.0.0.9:5060 -p 60 --pe sip
  -A -u 10.0.0.9:5060 -o -p 60 --pe sip
  -A -u 10.0.0.9:5060 -p 60 --pe nonesuch
  -A -t 10.0.0.9:80 -s sh -b sh-fallback
  -A -t 10.0.0.9:80 -s sh -b sh-port
  -A -t 10.0.0.9:80 -s sh -b sh-port,sh-fallback
  -A -t 10.0.0.9:80 -s sh --sched-flags sh-fallback,sh-port
  -A -t 10.0.0.9:80 -s mh -b mh-fallback
  -A -t 10.0.0.9:80 -s mh -b mh-port
  -A -t 10.0.0.9:80 -s mh -b mh-fallback,mh-port
  -A -t 10.0.0.9:80 -b sh-port -s sh
  -A -t 10.0.0.9:80 -s rr -b flag-1
  -A -t 10.0.0.9:80 -s rr -b flag-1,flag-2,flag-3
  -A -t 10.0.0.9:80 -s sh -b mh-port
  -A -t 10.0.0.9:80 -s rr -b sh-port
  -A -t 10.0.0.9:80 -s mh -b nonesuch
  -A -t 10.0.0.9:80 -w 5
  -A -t 10.0.0.9:80 -m
  -A -t 10.0.0.9:80 -g
  -A -t 10.0.0.9:80 -x 5
  -A -t 10.0.0.9:80 -y 5
  -A -t 10.0.0.9:80 -r 10.1.0.1
  -A -t 10.0.0.9:80 -n
  -A -t 10.0.0.9:80 --stats
  -A -t 10.0.0.9:80 --tun-type gre
  -A -t 10.0.0.9:80 -6
  -A -t [fd00::9]:80 -6
  -A -t 10.0.0.9:80 --nonesuch
  -A -t 10.0.0.9:80 -Q
  -A -E -t 10.0.0.9:80
  -t 10.0.0.9:80 -A
  -At 10.0.0.9:80
  -At 10.0.0.9:80 -s rr -p 60
  -E -t 10.0.0.1:80
  -E -t 10.0.0.1:80 -s rr
  -E -t 10.0.0.1:80 -s nonesuch
  -E -t 10.0.0.1:443
  -E -t 10.0.0.1:443 -p
  -E -t 10.0.0.1:443 -p 10 -M 255.0.0.0
  -E -u 10.0.0.1:53
  -E -u 10.0.0.1:53 -o
  -E -u 10.0.0.1:53 -s mh -b mh-port
  -E -u 10.0.0.1:53 -p 60 --pe sip
  --edit-service -f 7 -s sh -b sh-port,sh-fallback
  -E -f 8 -6 -s wrr
  -E -f 8
  -E -f 99
  -E -t 10.0.0.99:80
  -E -t [fd00::1]:443 -s lc
  -E
  -E -s rr
  -E -t 10.0.0.1:80 -w 3
  -D -t 10.0.0.1:80
  -D -u 10.0.0.1:53
  -D --sctp-service 10.0.0.2:9000
  --delete-service -t [fd00::1]:443
  -D -f 7
  -D -f 8 -6
  -D -f 8
  -D -t 10.0.0.99:80
  -D
  -D -t 10.0.0.1:80 -s rr
  -D -t 10.0.0.1:80 -p
  -D -t 10.0.0.1:80 -r 10.1.0.1
  -Dt 10.0.0.1:80
`,
);

const destinations = on(
  'some',
  `
  -a -t 10.0.0.1:80 -r 10.1.0.9
  -a -t 10.0.0.1:80 -r 10.1.0.9:80
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -g
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -i
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m
  -a -t 10.0.0.1:80 -r 10.1.0.9:8080 -m
  -a -t 10.0.0.1:80 -r 10.1.0.9:8080 -g
  -a -t 10.0.0.1:80 -r 10.1.0.9:8080 -i
  --add-server --tcp-service 10.0.0.1:80 --real-server 10.1.0.9:80 --gatewaying
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 --ipip
  -a -t 10.0.0.1:80 -r 10.1.0.9:8081 --masquerading --weight 7
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -g -i
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -m
  -a -t 10.0.0.1:80 -r 10.1.0.1:80 -m
  -a -t 10.0.0.99:80 -r 10.1.0.1:80 -m
  -a -f 99 -r 10.1.0.1
  -a -t 10.0.0.1:80
  -a -r 10.1.0.1:80
  -a
  -a -t 10.0.0.1:80 -r
  -a -t 10.0.0.1:80 -r ""
  -a -t 10.0.0.1:80 -r abc..def
  -a -t 10.0.0.1:80 -r 10.1.0.999
  -a -t 10.0.0.1:80 -r 10.1.0.9:65536 -m
  -a -t 10.0.0.1:80 -r 10.1.0.9:abc/def -m
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w 0
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w 65535
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w -1
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w abc
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w 3 -w 4
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w5
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -mw 5
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w=5
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m --weight=5
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -x 100
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -x 100 -y 50
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m --u-threshold 100 --l-threshold 100
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -x 2147483647 -y 2147483647
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -x 2147483648
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -x 0 -y 0
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -y 5
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -x 5 -y 6
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -x -1
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -x abc
  -a -t 10.0.0.1:80 -r [fd00::9]:80 -m
  -a -t 10.0.0.1:80 -r [fd00::9]:80 -g
  -a -t 10.0.0.1:80 -r [fd00::9]:80 -i
  -a -t [fd00::1]:443 -r 10.1.0.9:443 -i
  -a -t [fd00::1]:443 -r 10.1.0.9:443 -m
  -a -t [fd00::1]:443 -r [fd00::9]:8443 -m
  -a -t 10.0.0.1:80 -r 127.0.0.1:80 -g
  -a -t 10.0.0.1:80 -r 127.0.0.1:8080 -m
  -a -t [fd00::1]:443 -r [::1]:443 -g
  -a -f 7 -r 10.1.0.9
  -a -f 7 -r 10.1.0.9:0
  -a -f 7 -r 10.1.0.9 -m
  -a -f 7 -r 10.1.0.9:8080 -m
  -a -f 8 -r [fd00::9] -g
  -a -f 8 -6 -r 10.1.0.9 -i
  -a -u 10.0.0.1:53 -r 10.1.0.9:53 -g
  -a -u 10.0.0.1:53 -r 10.1.0.9:5353 -m
  -a --sctp-service 10.0.0.2:9000 -r 10.1.0.9:9000 -m
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type ipip
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gue --tun-port 6080
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gue --tun-port 6080 --tun-nocsum
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gue --tun-port 6080 --tun-csum
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gue --tun-port 6080 --tun-remcsum
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gue --tun-port 6080 --tun-remcsum --tun-csum
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gue --tun-port 65536
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gue --tun-port 0
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gue
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gre
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gre --tun-nocsum
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gre --tun-csum
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gre --tun-remcsum
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type gre --tun-port 6080
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type ipip --tun-port 6080
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type ipip --tun-csum
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-type nonesuch
  -a -t 10.0.0.1:80 -r 10.1.0.9 -g --tun-type gre
  -a -t 10.0.0.1:80 -r 10.1.0.9 -m --tun-type gue --tun-port 6080
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-port 6080
  -a -t 10.0.0.1:80 -r 10.1.0.9 -i --tun-csum
  -a -t 10.0.0.1:80 -r 10.1.0.9 -s rr
  -a -t 10.0.0.1:80 -r 10.1.0.9 -p
  -a -t 10.0.0.1:80 -r 10.1.0.9 -n
  -a -t 10.0.0.1:80 -r 10.1.0.9 -r 10.1.0.10
  -at 10.0.0.1:80 -r 10.1.0.9
  -e -t 10.0.0.1:80 -r 10.1.0.1:80
  -e -t 10.0.0.1:80 -r 10.1.0.1:80 -m
  -e -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 9
  -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gre
  -e -t 10.0.0.1:80 -r 10.1.0.2:8080 -m
  -e -t 10.0.0.1:80 -r 10.1.0.2:8080 -m -x 7
  -e -t 10.0.0.1:80 -r 10.1.0.2:8080 -m -x 7 -y 8
  -e -t 10.0.0.1:80 -r 10.1.0.2:8080 -g
  -e -t 10.0.0.1:80 -r 10.1.0.99:80 -m
  -e -t 10.0.0.99:80 -r 10.1.0.1:80 -m
  -e -f 7 -r 10.1.0.4 -i
  -e -f 7 -r 10.1.0.5 -i
  -e -f 7 -r 10.1.0.5 -i --tun-type gue --tun-port 6081
  --edit-server -t [fd00::1]:443 -r [fd00::11]:443 -w 6
  -e -t [fd00::1]:443 -r 10.1.0.5:443 -i --tun-type gue --tun-port 1
  -e -t 10.0.0.1:80
  -e
  -d -t 10.0.0.1:80 -r 10.1.0.1:80
  -d -t 10.0.0.1:80 -r 10.1.0.1
  -d -t 10.0.0.1:80 -r 10.1.0.2:8080
  -d -t 10.0.0.1:80 -r 10.1.0.99:80
  -d -t 10.0.0.99:80 -r 10.1.0.1:80
  --delete-server -f 7 -r 10.1.0.4
  -d -f 7 -r 10.1.0.4:0
  -d -t [fd00::1]:443 -r [fd00::11]:443
  -d -t [fd00::1]:443 -r 10.1.0.5:443
  -d -t 10.0.0.1:80
  -d
  -d -t 10.0.0.1:80 -r 10.1.0.1:80 -m
  -d -t 10.0.0.1:80 -r 10.1.0.1:80 -w 1
`,
);

const others = on(
  'some',
  `
  -C
  --clear
  -C -t 10.0.0.1:80
  -C -n
  -C -A
  -Z
  --zero
  -Z -t 10.0.0.1:80
  -Z -f 7
  -Z -f 8 -6
  -Z -t 10.0.0.99:80
  -Z -f 99
  -Z -t 10.0.0.1:80 -s rr
  -Z -n
  --set 100 20 30
  --set 0 0 0
  --set 0 0 77
  --set 2678400 2678400 2678400
  --set 2678401 0 0
  --set -- -1 0 0
  --set abc 0 0
  --set 1 2
  --set
  --set 1 2 3 4
  --set 1 2 3 -n
  --start-daemon master --mcast-interface dummy0
  --start-daemon backup --mcast-interface dummy0
  --start-daemon=master --mcast-interface dummy0
  --start-daemon master --mcast-interface dummy0 --syncid 7
  --start-daemon backup --mcast-interface dummy0 --syncid 255
  --start-daemon master --mcast-interface dummy0 --syncid 256
  --start-daemon master --mcast-interface dummy0 --syncid -1
  --start-daemon master --mcast-interface dummy0 --syncid abc
  --start-daemon master --mcast-interface dummy0 --sync-maxlen 1400
  --start-daemon master --mcast-interface dummy0 --sync-maxlen 0
  --start-daemon master --mcast-interface dummy0 --sync-maxlen 65508
  --start-daemon master --mcast-interface dummy0 --mcast-group 224.0.0.90
  --start-daemon master --mcast-interface dummy0 --mcast-group 224.0.0.90 --mcast-port 9000 --mcast-ttl 3
  --start-daemon master --mcast-interface dummy0 --mcast-group ff02::81
  --start-daemon master --mcast-interface dummy0 --mcast-group 10.0.0.1
  --start-daemon master --mcast-interface dummy0 --mcast-group abc
  --start-daemon master --mcast-interface dummy0 --mcast-port 65535
  --start-daemon master --mcast-interface dummy0 --mcast-port 65536
  --start-daemon master --mcast-interface dummy0 --mcast-port 0
  --start-daemon master --mcast-interface dummy0 --mcast-ttl 255
  --start-daemon master --mcast-interface dummy0 --mcast-ttl 256
  --start-daemon master --mcast-interface dummy0 --mcast-ttl 0
  --start-daemon master --mcast-interface nonesuch0
  --start-daemon master
  --start-daemon nonesuch
  --start-daemon
  --start-daemon master -n
  --start-daemon master -t 10.0.0.1:80
  --stop-daemon master
  --stop-daemon backup
  --stop-daemon nonesuch
  --stop-daemon
  --stop-daemon master --mcast-interface dummy0
  --stop-daemon master --syncid 3
  --nonesuch
  -Q
  -
  --
  -n
  -t 10.0.0.1:80
  -s rr
  --stats
  -A -D -t 10.0.0.1:80
  -L -C
  -r 10.1.0.1
`,
);

const listings = on(
  'some',
  `
  -L -n
  -l -n
  -Ln
  -ln
  --list --numeric
  -L --numeric
  -nL
  -L -n --stats
  -Ln --stats
  -Ln --stats --exact
  -Ln --stats -X
  -Ln --rate
  -Ln --rate --exact
  -Ln --thresholds
  -Ln --persistent-conn
  -Ln --tun-info
  -Ln --sort
  -Ln --exact
  -Ln -t 10.0.0.1:80
  -Ln -u 10.0.0.1:53
  -Ln --sctp-service 10.0.0.2:9000
  -Ln -t [fd00::1]:443
  -Ln -f 7
  -Ln -f 8 -6
  -Ln -f 8
  -Ln -t 10.0.0.99:80
  -Ln -f 99
  -Ln -t 10.0.0.1:80 --stats
  -Ln -t 10.0.0.1:80 --rate
  -Ln -t 10.0.0.1:80 --thresholds
  -Ln -t 10.0.0.1:80 --persistent-conn
  -Ln -f 7 --tun-info
  -Ln -t 10.0.0.1:80 --stats --exact
  -Ln --stats --rate
  -Ln --stats --thresholds
  -Ln --rate --tun-info
  -Ln --thresholds --persistent-conn
  -Ln --nonesuch
  -Ln -s rr
  -Ln -w 3
  -Ln -r 10.1.0.1
  -Ln -p
  -Ln -m
  -Lnc
  -L -n -c
  -L -c -n
  -Lc --numeric
  -Lnc --persistent-conn
  -Lnc --stats
  -Lnc --rate
  -Lnc --thresholds
  -Lnc --tun-info
  -Lnc --sort
  -Lnc --nosort
  -Lnc -t 10.0.0.1:80
  -Lnc --timeout
  -Lnc --daemon
  -L --timeout
  -l --timeout
  -L --timeout -n
  -L --timeout --stats
  -L --timeout --exact
  -L --timeout --daemon
  -L --timeout -t 10.0.0.1:80
  -L --daemon
  -L --daemon -n
  -L --daemon --stats
  -L --daemon --rate
  -L --daemon -t 10.0.0.1:80
  -Ln 10.0.0.1
`,
);

const single = on(
  'single',
  `
  -Ln --nosort
  -Ln --nosort --stats
  -Ln --nosort --rate
  -Ln --nosort --thresholds
  -Ln --nosort -t 10.0.0.1:80
  -Ln --sort --nosort
  -Ln --nosort --sort
  -Ln
  -Sn --nosort
  -Sn -t 10.0.0.1:80
  -Sn --stats
  -Sn -c
  -Sn -x 3
`,
);

const named = on(
  'local',
  `
  -L
  -L --stats
  -L --nosort
  -L -t 127.0.0.1:80
  -L -t localhost:http
  -S
  -Lc
`,
);

const nothing = on(
  'empty',
  `
  -Ln
  -Ln --stats
  -Ln --rate
  -Ln --thresholds
  -Ln --persistent-conn
  -Ln --tun-info
  -Lnc
  -Lnc --persistent-conn
  -L --timeout
  -L --daemon
  -Sn
  -S
  -L
  -C
  -Z
`,
);

const names: Case[] = on(
  'empty',
  `
  -A -t localhost:80
  -A -t 127.0.0.1:http
  -A -t localhost:http -s rr
  -A -u 127.0.0.1:domain
  -A -t 127.0.0.1:nonesuch
  -A -u 127.0.0.1:80/tcp
`,
);

const restored: Case[] = [
  ...restoring('-R', [
    '',
    '\n\n',
    '-A -t 10.0.0.9:80 -s rr\n-a -t 10.0.0.9:80 -r 10.1.0.1:80 -m\n',
    '-A -t 10.0.0.9:80 -s rr',
    '-A -t 10.0.0.9:80 -s rr\n\n-a -t 10.0.0.9:80 -r 10.1.0.1:80 -m\n',
    '   -A   -t  10.0.0.9:80\t-s\trr   \n',
    'ipvsadm -A -t 10.0.0.9:80 -s rr\n',
    '-C\n-A -f 5\n',
    '-D -t 10.0.0.1:80\n-E -f 7 -s rr\n',
    '--set 11 12 13\n',
    '-Z\n',
    '-A -f 5\n-A -f 6 -6\n-D -f 5\n',
    '-A -t [fd00::9]:80 -p 60 -M 96\n-a -t [fd00::9]:80 -r [fd00::a]:80 -m -w 9 -x 5 -y 4\n',
  ]),
  { scene: 'some', words: '--restore', input: '-A -f 5\n' },
  { scene: 'some', words: '-R -n', input: '' },
  { scene: 'some', words: '-R -t 10.0.0.1:80', input: '' },
];

const odd = on(
  'empty',
  `
  -A -f 2147483648
  -A -f 4294967295
  -A -t 10.0.0.9:80 -p 300 -M 0.0.0.0
  -A -t 10.0.0.9:80 -s rr -b flag-3
  -A -t 10.0.0.9:80 -s sh -b flag-3
  -A -t 10.0.0.9:80 -s sh -b flag-1
  -A -t 10.0.0.9:80 -s mh -b flag-1,flag-2
  -A -t 10.0.0.9:80 -s sh -b sh-port,sh-port
  -A -t 10.0.0.9:80 -s sh -b sh-port,
  -A -t 10.0.0.9:80 -b sh-port
  -A -t 10.0.0.9:80 -s ""
  -A -t 10.0.0.9:80 -s rr -b ""
  -A -t 10.0.0.9:80 -s averyveryverylongname
  -A -t 0.0.0.0:80
  -A -t 224.0.0.1:80
  -A -t 255.255.255.255:80
  -A -t [::]:80
  -A -t 10.9:80
  -A -t 012.0.0.9:80
  -A -t 0xa.0.0.9:80
  -A -t 10.0.0.9:0x50
  -A -f 0x10
  -A -f 010
  -A -t 10.0.0.9:80 -p 0x10
  -A -t 10.0.0.9:80 extra
  -A extra -t 10.0.0.9:80
  -A -t 10.0.0.9:80 -- extra
  -A -t [10.0.0.9]:80
  -A -t [fd00::1%lo]:80
  -A -t FD00::9:80
  -A -t [FD00::9]:80
  -A -t [fd00:0:0:0:0:0:0:9]:080
  -A -u 10.0.0.9:80 -o -o
  --start-daemon master --mcast-interface averyveryverylongname
  --start-daemon master --mcast-interface dummy0 --mcast-group 224.0.0.81 --sync-maxlen 65507
  --start-daemon master extra
  --set 1 2 3x
  --set 1 2 0x10
  -C extra
  -Ln extra
  -Z extra
`,
);

const oddDestinations = on(
  'some',
  `
  -a -t 10.0.0.1:80 -r 224.0.0.1:80 -m
  -a -t 10.0.0.1:80 -r 0.0.0.0:80 -m
  -a -t 10.0.0.1:80 -r 255.255.255.255:80 -m
  -a -t 10.0.0.1:80 -r 10.1.0.9:0 -m
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w 0x10
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w 010
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w 2147483648
  -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m extra
  -a -t 10.0.0.1:80 -r [::ffff:10.1.0.9]:80 -m
  -a -t 10.0.0.1:80 -r 10.1.9 -m
  -d -t 10.0.0.1:80 -r 0.0.0.0:80
`,
);

/** A restore of lines that both programs take. */
function taken(scene: Scene, lines: readonly string[]): Case {
  return { scene, words: '-R', input: `${lines.join('\n')}\n` };
}

/** Numbers, addresses and masks as strtol() and inet_aton() read them. */
const spellings = [
  taken(
    'empty',
    `255.0.255.0 0xffffff00 0XFFFFFF00 255.0 255.65280 255.256 0377.0377.0.0 4294967040 24`
      .split(' ')
      .map((mask, i) => `-A -t 10.0.0.9:${i + 1} -p 300 -M ${mask}`),
  ),
  taken('empty', [
    '-A -t [fd00::9]:1 -p 300 -M +64',
    '-A -t [fd00::9]:+2 -p +300 -M 064',
    '-A -t 10.0.0.9:+80 -p 0300',
    '-A -t 10.0.0.9:-0 -p',
    '-A -t 10.0.0.9:0081',
    '-A -t 167772168:80',
    '-A -t 0xa000007:80',
    '-A -t 01200000006:80',
    '-A -t 10.0.5:80',
    '-A -t 10.0.0x4:80',
    '-A -t 010.0.0.9:80',
    '-A -f +5',
    '-A -f 006',
    '--set +100 020 -- -0',
    '--start-daemon master --mcast-interface dummy0 --syncid +7 --mcast-ttl 003 --mcast-port +9000 --sync-maxlen +1400',
  ]),
  taken(
    'some',
    `
    10.1.0.11:80 -m -w +5
    10.1.0.12:80 -m -w 007
    10.1.0.13:80 -m -w -0
    10.1.0.14:80 -m -w 65536
    10.1.0.15:80 -m -w 70000
    10.1.0.16:80 -m -w 2147483647
    10.1.0.17:80 -m -w 00000000000000000000007
    10.1.0.18:80 -m -x +9 -y 007
    10.1.0.19:+8080 -m
    10.1.0.20 -i --tun-type gue --tun-port +6080
    167837717:80 -m
    `
      .trim()
      .split('\n')
      .map(line => `-a -t 10.0.0.1:80 -r ${line.trim()}`),
  ),
  ...on(
    'empty',
    `
    -A -t 10.0.0.9:80 -p 300 -M 255.255.255.256
    -A -t 10.0.0.9:80 -p 300 -M 255.0.0.0␣
    -A -t 10.0.0.9:80 -p 300 -M ␣255.0.0.0
    -A -t 10.0.0.9:80 -p 300 -M ""
    -A -t 10.0.0.9:80 -p ␣300
    -A -t 10.0.0.9:80 -p 300␣
    -A -t 10.0.0.9:80 -p ""
    -A -t 10.0.0.9:␣80
    -A -f ␣5
    -A -f -0
    -A -f -5
    -A -f 99999999999999999999
    -A -t 4294967296:80
    -A -t 167772169 -p
    --set 1␣ 2 3
    100 20 ␣30 --set
    100 --set 20 30
    100 20 --set -n 30
    100 20 --set
    `,
  ),
  ...on(
    'some',
    `
    -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w ␣7
    -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w 7␣
    -a -t 10.0.0.1:80 -r 10.1.0.9:80 -m -w +-5
    -a -t 10.0.0.1:80 -r 167837705 -m
    `,
  ),
];

/** Lines with persistence's options but without -p: the service keeps them and is not persistent. */
const dormant = [
  taken('empty', [
    '-A -t 10.0.0.9:80 -M 255.255.0.0',
    '-A -t 10.0.0.9:81 -M 255.255.255.255',
    '-A -t [fd00::9]:80 -M 64',
    '-A -f 5 -M 255.255.255.0',
    '-A -f 5 -6 -M 64',
    '-A -u 10.0.0.9:5060 --pe sip',
    '-A -u 10.0.0.9:5061 -M 255.0.0.0 --pe sip',
  ]),
  taken('some', ['-E -t 10.0.0.1:443 -M 255.255.0.0', '-E -u 10.0.0.1:53 --pe sip']),
  ...on(
    'empty',
    `
    -A -t 10.0.0.9:80 -M 255.255.0.0
    -A -u 10.0.0.9:5060 --pe nonesuch
    `,
  ),
];

const refusedByKernel: readonly Case[] = [
  ...restoring('-R', ['-A -f 5\n-L --timeout\n', '-A -f 5\n-A -f 6\n-A -f 5\n']),
  ...['-A -f 5\n-A -f 5\n-A -f 6\n', '-A -f 5\n-D -f 99\n-A -f 6\n'].flatMap(input =>
    differing('some', ['status'], 'ipvsadm ends well where only its last line does', '-R', input),
  ),
];

const differences: readonly Case[] = [
  ...differing(
    'empty',
    ['stdout'],
    'each says what it is, and explains itself',
    `
    -v
    --version
    -h
    --help
    -version
    -help
    -v -n
    -h -n
    `,
  ),
  ...differing(
    'odd',
    ['stdout'],
    'ipvsadm prints marks from 2147483648 on as negative numbers, which it does not take back, and drops flag-3 of sh and mh',
    `
    -Ln
    -Sn
    -Ln -f 3000000000
    -Ln --stats
    `,
  ),
  ...['-A -f 5\nbogus\n', '-A -f 5\n-A -t 10.0.0.9:99999\n', '-A -f 5\n-R\n', '-A -f 5\n-A -Q\n'].flatMap(
    input =>
      differing(
        'some',
        ['state'],
        'ipvsadm stops at a bad line and leaves behind what came before it; we do nothing',
        '-R',
        input,
      ),
  ),
  ...['-A -f 5\n# a comment\n-A -f 6\n', '-A -f 5 # a comment\n'].flatMap(input =>
    differing(
      'some',
      ['status', 'state'],
      'ipvsadm -R means to have comments and does not; only the script ipvsadm-restore filters their lines',
      '-R',
      input,
    ),
  ),
  ...differing(
    'some',
    ['status', 'state'],
    'a port may be left out after -r; ipvsadm cannot read that after an IPv6 address',
    `
    -a -t [fd00::1]:443 -r [fd00::9] -g
    -a -f 8 -6 -r [fd00::9] -g
    -a -f 8 -6 -r [fd00::9] -m
    -e -f 8 -6 -r [fd00::12] -g -w 1
    -d -f 8 -6 -r [fd00::12]
    `,
  ),
  ...differing(
    'some',
    ['status'],
    'the same, and then the kernel refuses a link-local address',
    '-a -t [fd00::1]:443 -r [fe80::1] -g',
  ),
  ...differing(
    'single',
    ['stdout'],
    'ipvsadm does not save connection thresholds, so that they are gone after a reboot',
    `
    -Sn
    -S -n
    --save --numeric
    -S -n --sort
    `,
  ),
  ...differing(
    'some',
    ['status', 'state'],
    'ipvsadm -R knows no quotes',
    '-R',
    '-A -t "10.0.0.9:80" -s \'rr\'\n',
  ),
  ...differing(
    'some',
    ['status', 'state'],
    'a line has 4096 characters at most; a longer one is no rule that anybody wrote',
    '-R',
    `-A -f 5${' '.repeat(4096)}-s rr\n`,
  ),
  ...['/sbin/ipvsadm -A -f 5\n', 'sudo ipvsadm -A -f 5\n'].flatMap(input =>
    differing('some', ['status', 'state'], 'ipvsadm -R knows its name by no path', '-R', input),
  ),
  ...differing(
    'empty',
    ['status', 'state'],
    'inet_aton() takes anything behind an address and a blank',
    '-A -t 10.0.0.9␣x:80',
  ),
];

/** The words of a case's line. */
export function split(words: string): string[] {
  return words.split(' ').map(word => (word === '""' ? '' : word.replaceAll('␣', ' ')));
}

/** Every documented invocation, right and wrong. Test files that run at once have a share each. */
export const cases = {
  services: [...services, ...spellings, ...dormant],
  rest: [...destinations, ...oddDestinations, ...others, ...restored, ...refusedByKernel],
  lists: [...listings, ...single, ...named, ...nothing, ...names, ...odd, ...differences],
} as const;

/** Lists of a table with traffic: statistics, rates and connections. */
export const underTraffic: readonly string[] = `
  -Ln
  -Ln --stats
  -Ln --stats --exact
  -Ln --rate
  -Ln --rate --exact
  -Ln --thresholds
  -Ln --persistent-conn
  -Ln --tun-info
  -Ln -t 10.200.0.1:80
  -Ln -t 10.200.0.1:80 --stats
  -Ln -u 10.200.0.1:53 --rate
  -Lnc
  -Lnc --persistent-conn
  -L --timeout
  -Sn
`
  .trim()
  .split(/\n\s*/);

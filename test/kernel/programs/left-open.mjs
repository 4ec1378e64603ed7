// Leaves its client open: the process must end by itself.
import { Ipvs } from 'ipvs';

const ipvs = new Ipvs({ netns: process.argv[2] });
console.log((await ipvs.services()).length);

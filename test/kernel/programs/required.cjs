// The package by require().
const { Ipvs } = require('ipvs');

new Ipvs({ netns: process.argv[2] }).services().then(services => console.log(services.length));

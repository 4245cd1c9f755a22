// A SCIM service that others wrote (scimmy behind express), in a process of its own: prints its base URL, ends with its input.
import { randomUUID } from 'node:crypto';
import express from 'express';
import SCIMMY from 'scimmy';
import ScimRouters from 'scimmy-routers';

/** Handlers that keep resources of one kind in memory. */
function keep(name) {
  const kept = new Map();
  const find = (id) => {
    const found = kept.get(id);
    if (found === undefined) throw new SCIMMY.Types.Error(404, null, `no ${name} ${id}`);
    return found;
  };
  const key = name === 'User' ? 'userName' : 'displayName';
  return {
    ingress({ id }, data) {
      const taken = [...kept.values()].find((other) => other.id !== id && other[key] === data[key]);
      if (taken !== undefined) throw new SCIMMY.Types.Error(409, 'uniqueness', `there is ${data[key]}`);
      const resource = { ...JSON.parse(JSON.stringify(data)), id: id ?? randomUUID() };
      kept.set(resource.id, resource);
      return resource;
    },
    egress({ id, filter }) {
      if (id !== undefined) return find(id);
      return filter === undefined ? [...kept.values()] : filter.match([...kept.values()]);
    },
    degress({ id }) {
      find(id);
      kept.delete(id);
    },
  };
}

for (const name of ['User', 'Group']) {
  const { ingress, egress, degress } = keep(name);
  SCIMMY.Resources.declare(SCIMMY.Resources[name]).ingress(ingress).egress(egress).degress(degress);
}
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);

const app = express();
app.use('/scim', new ScimRouters({ type: 'bearer', handler: () => 'anyone' }));
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}/scim\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();

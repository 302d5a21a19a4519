import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { containerLeads, type ContainerLead } from '../../../src/alerts/container-labels.ts';

const id = 'a'.repeat(64);

describe('labels lead to a container', () => {
  const cases: [string, Record<string, string>, ContainerLead[]][] = [
    [
      'cAdvisor beside Docker',
      { name: 'shop_web_1', id: `/docker/${id}`, instance: 'cadvisor:8080' },
      [
        { by: 'id', id, label: 'id' },
        { by: 'name', name: 'shop_web_1', label: 'name' },
        { by: 'address', host: 'cadvisor', port: 8080, label: 'instance' },
      ],
    ],
    ['systemd as cgroup driver', { id: `/system.slice/docker-${id}.scope` }, [{ by: 'id', id, label: 'id' }]],
    ['a cgroup that is no container', { id: '/system.slice/sshd.service' }, []],
    [
      'Compose, with its project',
      {
        container_label_com_docker_compose_service: 'web',
        container_label_com_docker_compose_project: 'shop',
        job: 'docker',
      },
      [
        {
          by: 'service',
          service: 'web',
          project: 'shop',
          label: 'container_label_com_docker_compose_service',
        },
        { by: 'service', service: 'docker', project: 'shop', label: 'job' },
      ],
    ],
    [
      'a task of Swarm, before its service',
      {
        container_label_com_docker_swarm_service_name: 'web',
        container_label_com_docker_swarm_task_name: 'web.1.x8',
      },
      [
        { by: 'name', name: 'web.1.x8', label: 'container_label_com_docker_swarm_task_name' },
        {
          by: 'service',
          service: 'web',
          project: null,
          label: 'container_label_com_docker_swarm_service_name',
        },
      ],
    ],
    [
      'an address of IPv6, and one without a port',
      { instance: '[fd00::2]:8080' },
      [{ by: 'address', host: 'fd00::2', port: 8080, label: 'instance' }],
    ],
    [
      'a URL',
      { instance: 'http://web1:8080/health' },
      [{ by: 'address', host: 'web1', port: 8080, label: 'instance' }],
    ],
    ['an instance that is no address', { instance: 'two words' }, []],
    ['empty labels', { name: '', job: '' }, []],
  ];
  for (const [what, labels, leads] of cases)
    it(what, () => {
      assert.deepEqual(containerLeads(labels), leads);
    });
});

/**
 * The command with which Ansible writes an inventory of another form as YAML. The variables in group_vars and host_vars stay in their
 * files: it would add them in clear, also those of files that ansible-vault has encrypted.
 */
export const inventoryAsYaml = (path: string): string =>
  `ANSIBLE_VARS_ENABLED=none ansible-inventory -i ${path} --list --yaml --export`;

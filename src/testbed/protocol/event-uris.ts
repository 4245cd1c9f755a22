// The events that the service announces: the notices of RFC 9967 section 2.4, which name a resource and no content.

export const CREATE_NOTICE = 'urn:ietf:params:scim:event:prov:create:notice';
export const PATCH_NOTICE = 'urn:ietf:params:scim:event:prov:patch:notice';
export const PUT_NOTICE = 'urn:ietf:params:scim:event:prov:put:notice';
export const DELETE = 'urn:ietf:params:scim:event:prov:delete';
export const ACTIVATE = 'urn:ietf:params:scim:event:prov:activate';
export const DEACTIVATE = 'urn:ietf:params:scim:event:prov:deactivate';

export const EVENT_URIS = [CREATE_NOTICE, PATCH_NOTICE, PUT_NOTICE, DELETE, ACTIVATE, DEACTIVATE] as const;

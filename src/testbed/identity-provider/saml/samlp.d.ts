// The part of samlp that is used here; the package has no types of its own.
declare module 'samlp' {
  export interface ResponseOptions {
    readonly issuer: string;
    /** PEM. */
    readonly cert: string;
    readonly key: string;
    readonly audience: string;
    readonly destination: string;
    readonly recipient: string;
    readonly inResponseTo?: string;
    readonly signResponse: boolean;
    readonly signAssertion: boolean;
    readonly signatureAlgorithm: 'rsa-sha256' | 'rsa-sha1';
    readonly digestAlgorithm: 'sha256' | 'sha1';
    readonly lifetimeInSeconds: number;
    readonly nameIdentifierFormat: string;
    readonly authnContextClassRef: string;
    profileMapper(user: unknown): {
      getClaims(): Readonly<Record<string, string>>;
      getNameIdentifier(): { readonly nameIdentifier: string };
    };
  }

  const samlp: {
    getSamlResponse(
      options: ResponseOptions,
      user: unknown,
      callback: (error: Error | null, response: string) => void,
    ): void;
  };
  export default samlp;
}

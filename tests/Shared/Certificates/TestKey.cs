namespace EventLoops.Tests;

/// <summary>What kind of key a certificate has.</summary>
public enum TestKey
{
    /// <summary>ECDSA on P-256, which is quick to make.</summary>
    Ecdsa,

    /// <summary>RSA of 2048 bits.</summary>
    Rsa,
}

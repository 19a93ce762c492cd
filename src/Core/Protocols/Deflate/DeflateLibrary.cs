namespace EventLoops;

/// <summary>Who compresses.</summary>
public enum DeflateLibrary
{
    /// <summary>
    /// The default: the framework compresses where its one way of doing it is what was agreed on, since it is the fastest; the system's zlib does the rest, and
    /// decompresses. Without a zlib the framework does everything, and what it cannot is not agreed to.
    /// </summary>
    Auto,

    /// <summary>The framework's <see cref="System.IO.Compression.DeflateStream"/> for everything: a window of 15 bits, memory level 8.</summary>
    Framework,

    /// <summary>The system's zlib (<c>libz.so.1</c>) for everything: the least memory, any window.</summary>
    System,
}

using System.Runtime.CompilerServices;

namespace BinarySize.IO;

/// <summary>
/// A list that only grows, in native memory and in blocks: nothing is copied when it grows, and a block can be given back
/// while the rest is still in use. What is not freed goes with the finalizer.
/// </summary>
internal sealed unsafe class NativeChunks<T> : IDisposable where T : unmanaged
{
    private readonly List<nint> _blocks = [];

    /// <summary>Items in a block.</summary>
    public static int BlockLength
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => NativeBlocks.Size / sizeof(T);
    }

    public int Count { get; private set; }

    public int Blocks => _blocks.Count;

    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            int block = (int)((uint)index / (uint)BlockLength);
            return ref ((T*)_blocks[block])[index - block * BlockLength];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in T item)
    {
        if (Count == _blocks.Count * (long)BlockLength) AddBlock();
        this[Count++] = item;
        GC.KeepAlive(this);
    }

    /// <summary>The items of a block; use the list after it, so that it lives.</summary>
    public Span<T> Block(int block) => new((T*)_blocks[block], Math.Min(BlockLength, Count - block * BlockLength));

    /// <summary>Sets the number of items; new ones have any value.</summary>
    public void Resize(int count)
    {
        while (count > _blocks.Count * (long)BlockLength) AddBlock();
        Count = count;
    }

    /// <summary>Gives a block back, whose items must not be used any more.</summary>
    public void Free(int block)
    {
        NativeBlocks.Free((void*)_blocks[block]);
        _blocks[block] = 0;
    }

    /// <summary>Gives everything back; the list is empty then.</summary>
    public void Clear()
    {
        for (int i = 0; i < _blocks.Count; i++) Free(i);
        _blocks.Clear();
        Count = 0;
    }

    /// <summary>The items as an array; the list is used up, block by block.</summary>
    public T[] ToArray()
    {
        T[] array = GC.AllocateUninitializedArray<T>(Count);
        for (int i = 0; i < _blocks.Count; i++)
        {
            Block(i).CopyTo(array.AsSpan(i * BlockLength));
            Free(i);
        }
        _blocks.Clear();
        Count = 0;
        return array;
    }

    public void Dispose()
    {
        Clear();
        GC.SuppressFinalize(this);
    }

    ~NativeChunks() => Clear();

    [MethodImpl(MethodImplOptions.NoInlining)]
    // Many lists stay short; one that filled a block is likely to fill the next.
    private void AddBlock() => _blocks.Add((nint)NativeBlocks.Allocate(isAllUsed: _blocks.Count > 0));
}
